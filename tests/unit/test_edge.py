"""What holds for every function of the HTTP API: callers, problems, a store that is down."""

from __future__ import annotations

from typing import Any

import pytest

from belfry.function import Function
from belfry.model import Role
from functions.auth import login, me, register
from functions.notifications import create, get, mark
from functions.notifications import list as list_
from functions.realtime import tickets
from tests.fakes import Fakes
from tests.unit.events import ADA, BOB, REQUEST_ID, Event, call, http_event

Handler = Function[dict[str, Any]]

NEW = {"userId": ADA, "message": "Hello"}
CREDENTIALS = {"email": "ada@example.com", "password": "secret of ada"}
REGISTRATION = {"username": "Cyd", "email": "cyd@example.com", "password": "correct horse"}

OWN: dict[str, tuple[Handler, dict[str, Any]]] = {
    "auth.me": (me.handler, {}),
    "notifications.create": (create.handler, {"body": NEW}),
    "notifications.get": (get.handler, {"id_": "1"}),
    "notifications.list": (list_.handler, {}),
    "notifications.mark": (mark.handler, {"id_": "1"}),
    "realtime.tickets": (tickets.handler, {}),
}
PUBLIC: dict[str, tuple[Handler, dict[str, Any]]] = {
    "auth.login": (login.handler, {"body": CREDENTIALS, "caller": None}),
    "auth.register": (register.handler, {"body": REGISTRATION, "caller": None}),
}
own = pytest.mark.parametrize(("handler", "request_"), OWN.values(), ids=list(OWN))


def event(request: dict[str, Any], **more: Any) -> Event:
    return http_event("POST", "/api/x", **{"role": Role.ADMIN, **request, **more})


@own
def test_without_an_authorizer_nobody_gets_in(
    fakes: Fakes, handler: Handler, request_: dict[str, Any]
) -> None:
    answer = call(handler, event(request_, caller=None), fakes.deps())
    assert (answer.status, answer.body["type"]) == (401, "urn:belfry:problem:invalid-token")
    assert answer.headers["www-authenticate"] == "Bearer"


@own
def test_a_token_that_expired_while_its_permission_was_cached(
    fakes: Fakes, handler: Handler, request_: dict[str, Any]
) -> None:
    for seconds, expired in ((0, True), (-1, True), (1, False)):
        answer = call(handler, event(request_, token_seconds=seconds), fakes.deps())
        assert (answer.body.get("type") == "urn:belfry:problem:token-expired") is expired
        assert (answer.status == 401) is expired


@pytest.mark.parametrize(
    ("handler", "request_"),
    [*OWN.values(), *PUBLIC.values()],
    ids=[*OWN, *PUBLIC],
)
def test_a_store_that_is_down_is_a_problem_to_try_again(
    fakes: Fakes, handler: Handler, request_: dict[str, Any]
) -> None:
    fakes.memory.down = True
    answer = call(handler, event(request_), fakes.deps())
    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["content-type"] == "application/problem+json"


def test_only_administrators_notify_others(fakes: Fakes) -> None:
    answer = call(create.handler, event({"body": NEW}, role=Role.USER), fakes.deps())
    assert (answer.status, answer.body["type"]) == (403, "urn:belfry:problem:forbidden")
    assert fakes.memory.tables.notifications == {}
    assert fakes.queue.published == []


def test_rights_come_before_the_input(fakes: Fakes) -> None:
    answer = call(create.handler, event({"body": "{"}, role=Role.USER), fakes.deps())
    assert answer.status == 403


@pytest.mark.parametrize("role", list(Role))
def test_administrators_may_do_what_everybody_may(fakes: Fakes, role: Role) -> None:
    assert call(me.handler, http_event(caller=BOB, role=role), fakes.deps()).status == 200


def test_a_problem_has_the_form_of_rfc_9457(fakes: Fakes) -> None:
    answer = call(get.handler, http_event("GET", "/api/notifications/1", id_="1"), fakes.deps())
    assert answer.headers == {"content-type": "application/problem+json"}
    assert answer.body == {
        "type": "urn:belfry:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no notification with this id in your inbox.",
        "instance": "/api/notifications/1",
        "requestId": REQUEST_ID,
    }


def test_an_answer_is_json(fakes: Fakes) -> None:
    answer = call(me.handler, http_event(), fakes.deps())
    assert answer.headers["content-type"] == "application/json"
