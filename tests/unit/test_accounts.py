"""auth.register, auth.login and auth.me."""

from __future__ import annotations

import json
import re

import pytest

from belfry.model import Role
from functions.auth import login, me, register
from tests.fakes import Fakes
from tests.unit.events import ADA, call, http_event

CYD = {"username": " Cyd ", "email": " Cyd@Example.COM ", "password": "correct horse"}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_registering_makes_an_account_and_tells_nothing_of_the_password(fakes: Fakes) -> None:
    event = http_event("POST", "/api/register", body=CYD, caller=None)
    answer = call(register.handler, event, fakes.deps())
    assert answer.status == 201
    assert answer.headers["location"] == "/api/me"
    id_ = answer.body.pop("id")
    assert UUID7.fullmatch(id_)
    assert answer.body == {
        "username": "Cyd",
        "email": "cyd@example.com",
        "role": "user",
        "createdAt": "2026-01-05T12:00:00.000Z",
    }
    stored = fakes.users.by_email("cyd@example.com")
    assert stored
    assert (stored.user.id, stored.user.role) == (id_, Role.USER)
    assert stored.password_hash == fakes.passwords.hash("correct horse")


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com", "  Ada@Example.com"])
def test_an_address_is_taken_whatever_its_case(fakes: Fakes, email: str) -> None:
    event = http_event("POST", "/api/register", body={**CYD, "email": email}, caller=None)
    answer = call(register.handler, event, fakes.deps())
    assert (answer.status, answer.body["type"]) == (409, "urn:belfry:problem:email-taken")
    assert "correct horse" not in json.dumps(answer.body)
    assert len(list(fakes.users.all())) == 2


def test_nobody_registers_as_an_administrator(fakes: Fakes) -> None:
    event = http_event("POST", "/api/register", body={**CYD, "role": "admin"}, caller=None)
    answer = call(register.handler, event, fakes.deps())
    assert (answer.status, answer.pointers()) == (400, ["/role"])


@pytest.mark.parametrize("email", ["ada@example.com", " ADA@example.COM"])
def test_the_right_password_gives_a_token(fakes: Fakes, email: str) -> None:
    body = {"email": email, "password": "secret of ada"}
    event = http_event("POST", "/api/login", body=body, caller=None)
    answer = call(login.handler, event, fakes.deps())
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.body["tokenType"], answer.body["expiresIn"]) == ("Bearer", 900)
    caller, _ = fakes.tokens.verify(answer.body["token"])
    assert caller.user_id == ADA


def test_a_wrong_password_and_an_unknown_address_cannot_be_told_apart(fakes: Fakes) -> None:
    answers = []
    for email in ("ada@example.com", "nobody@example.com"):
        body = {"email": email, "password": "wrong"}
        event = http_event("POST", "/api/login", body=body, caller=None)
        answers.append(call(login.handler, event, fakes.deps()))
        assert fakes.passwords.compared == len(answers)  # the slow part was done, too
    assert answers[0] == answers[1]
    assert answers[0].status == 401
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert answers[0].body["type"] == "urn:belfry:problem:wrong-credentials"


def test_me_is_the_caller(fakes: Fakes) -> None:
    answer = call(me.handler, http_event(caller=ADA), fakes.deps())
    assert answer.status == 200
    assert answer.body == {
        "id": ADA,
        "username": "Ada",
        "email": "ada@example.com",
        "role": "user",
        "createdAt": "2026-01-05T12:00:00.000Z",
    }


def test_an_account_that_is_gone_is_not_found(fakes: Fakes) -> None:
    answer = call(me.handler, http_event(caller="gone"), fakes.deps())
    assert (answer.status, answer.body["type"]) == (404, "urn:belfry:problem:not-found")
