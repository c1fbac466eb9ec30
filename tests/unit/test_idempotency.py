"""A POST with an Idempotency-Key acts once; what may be tried again, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.errors import Forbidden, NotFound, StoreUnavailable
from belfry.http import Request, Response, created, endpoint
from belfry.idempotency import KEPT, LEASE, key_of, once
from belfry.model import Role
from belfry.wiring import Deps
from functions.auth import login
from functions.broadcasts import create as broadcast
from functions.notifications import create
from functions.realtime import tickets
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, Event, call, http_event

KEY = "order-42"
Act = Callable[[Request[None]], Response]


def post(key: str | None = KEY, **fields: Any) -> Event:
    event = http_event("POST", "/api/things", **{"body": {"a": 1}, **fields})
    if key is not None:
        event["headers"]["idempotency-key"] = key
    return event


class Things:
    """An endpoint that makes things; `act` is what it does instead, the next time."""

    def __init__(self, fakes: Fakes) -> None:
        self.fakes = fakes
        self.made: list[str] = []
        self.act: Act | None = None

        @endpoint()
        def handler(request: Request[None], deps: Deps) -> Response:
            act, self.act = self.act or self.make, None
            return act(request)

        self.handler = handler

    def make(self, request: Request[None]) -> Response:
        self.made.append(request.id)
        return created({"id": request.id}, location=f"/api/things/{request.id}")

    def post(self, key: str | None = KEY, **fields: Any) -> Answer:
        return self.call(post(key, **fields))

    def call(self, event: Event) -> Answer:
        return call(self.handler, event, self.fakes.deps())


@pytest.fixture
def things(fakes: Fakes) -> Things:
    return Things(fakes)


def test_the_second_time_gets_the_answer_of_the_first(things: Things) -> None:
    first, second = things.post(), things.post()
    assert len(things.made) == 1
    assert first.status == second.status == 201
    assert first.body == second.body == {"id": things.made[0]}
    assert "idempotency-replayed" not in first.headers
    assert second.headers == {**first.headers, "idempotency-replayed": "true"}


def test_without_a_key_each_makes_its_own_and_nothing_is_kept(things: Things) -> None:
    ids = {things.post(None).body["id"] for _ in range(2)}
    assert len(ids) == 2
    assert things.fakes.memory.tables.idempotency_keys == {}


@pytest.mark.parametrize(
    "changes",
    [{"body": {"a": 2}}, {"body": '{"a" : 1}'}, {"body": None}, {"path": "/api/x"}],
    ids=["body", "spelling", "no body", "path"],
)
def test_a_key_of_another_request_is_refused(things: Things, changes: dict[str, Any]) -> None:
    things.post()
    event = post(**{name: value for name, value in changes.items() if name == "body"})
    event["rawPath"] = changes.get("path", event["rawPath"])
    refused = things.call(event)
    assert (refused.status, refused.body["type"]) == (422, "urn:belfry:problem:key-reused")
    assert len(things.made) == 1


def test_the_same_body_in_another_encoding_is_the_same_request(things: Things) -> None:
    assert things.post(body='{"a": 1}').body == things.post(body=b'{"a": 1}').body


def test_each_caller_has_keys_of_their_own(things: Things) -> None:
    assert things.post(caller=ADA).body != things.post(caller=BOB).body


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\x7f", "\u2028"])
def test_a_key_that_is_none_is_named(things: Things, key: str) -> None:
    refused = things.post(key)
    assert (refused.status, refused.pointers()) == (400, ["Idempotency-Key"])
    assert things.made == []


@pytest.mark.parametrize("key", ["x" * 255, " ", "$ne", "a.b", "ü ✓"])
def test_any_printable_key_will_do(things: Things, key: str) -> None:
    assert things.post(key).body == things.post(key).body
    assert len(things.made) == 1


def test_while_the_first_is_at_work_others_are_to_try_again_soon(things: Things) -> None:
    during: list[Answer] = []

    def slow(request: Request[None]) -> Response:
        during.append(things.post())
        return things.make(request)

    things.act = slow
    assert things.post().status == 201
    [refused] = during
    assert (refused.status, refused.headers["retry-after"]) == (409, "1")
    assert refused.body["type"] == "urn:belfry:problem:still-in-progress"
    assert len(things.made) == 1


@pytest.mark.parametrize("error", [NotFound("no"), Forbidden("no")], ids=["404", "403"])
def test_what_the_caller_did_wrong_frees_the_key(things: Things, error: Exception) -> None:
    things.act = failing(error)
    assert things.post().status in (403, 404)
    again = things.post(body={"corrected": True})
    assert (again.status, again.headers.get("idempotency-replayed")) == (201, None)


def failing(error: Exception) -> Act:
    def act(request: Request[None]) -> Response:
        raise error

    return act


def test_what_failed_after_it_acted_makes_nothing_a_second_time(things: Things) -> None:
    def acts_and_fails(request: Request[None]) -> Response:
        things.make(request)
        raise StoreUnavailable("The database does not answer. Try again.")

    things.act = acts_and_fails
    assert things.post().status == 503
    assert things.post(body={"another": 1}).status == 422
    assert things.post().status == 201
    assert len(set(things.made)) == 1, "both tries made the thing with the reserved id"


def test_an_exception_leaves_the_key_to_the_same_request(things: Things) -> None:
    ids: list[str] = []

    def breaks(request: Request[None]) -> Response:
        ids.append(request.id)
        raise ZeroDivisionError

    things.act = breaks
    with pytest.raises(ZeroDivisionError):
        things.post()
    assert things.post().body == {"id": ids[0]}


def test_who_dies_before_the_answer_is_kept_is_followed_by_the_same_id(things: Things) -> None:
    class Killed(BaseException):
        pass

    def dies(request: Request[None]) -> Response:
        things.make(request)
        things.fakes.memory.down = True  # nothing is written any more
        raise Killed

    things.act = dies
    with pytest.raises(Killed):
        things.post()
    things.fakes.memory.down = False
    assert things.post().status == 409
    things.fakes.clock.advance(LEASE.total_seconds())
    assert things.post().status == 201
    assert len(set(things.made)) == 1


def test_a_request_knows_whether_an_earlier_try_may_have_acted(things: Things) -> None:
    told: list[bool] = []

    def fails(request: Request[None]) -> Response:
        told.append(request.may_be_done)
        raise StoreUnavailable("The database does not answer. Try again.")

    for _ in range(2):
        things.act = fails
        things.post()
    things.act = fails
    things.post(None)
    assert told == [False, True, False]


def after_a_crash(fakes: Fakes, handler: Any, path: str, body: Any, seconds: float) -> list[Answer]:
    """The answer that nobody got, and that of a second try so much later."""
    event = http_event("POST", path, body=body, caller=BOB, role=Role.ADMIN, token_seconds=1e6)
    event["headers"]["idempotency-key"] = KEY
    answers = [call(handler, event, fakes.deps())]
    for place, (record, leased_until, end) in fakes.memory.tables.idempotency_keys.items():
        unanswered = replace(record, answer=None), leased_until, end
        fakes.memory.tables.idempotency_keys[place] = unanswered
    fakes.clock.advance(seconds)
    return [*answers, call(handler, event, fakes.deps())]


SOON = "2026-01-05T12:00:20Z"
"""Past when the lease of the first try is over."""


@pytest.mark.parametrize("times", [{}, {"deliverAt": SOON}, {"expiresAt": SOON}], ids=str)
def test_what_a_try_sent_that_died_is_what_the_next_one_answers(
    fakes: Fakes, times: dict[str, str]
) -> None:
    for handler, path, to in (
        (create.handler, "/api/notifications", {"userId": ADA}),
        (broadcast.handler, "/api/broadcasts", {"to": {"everybody": True}}),
    ):
        fakes.clock.now = NOON
        fakes.memory.tables.idempotency_keys.clear()
        body = {"message": "Hello", **to, **times}
        first, second = after_a_crash(fakes, handler, path, body, LEASE.total_seconds())
        assert first.status in (201, 202)
        assert (second.status, second.body) == (first.status, first.body)
        assert "idempotency-replayed" not in second.headers


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(things: Things) -> None:
    def acts_as_the_store_goes(request: Request[None]) -> Response:
        answer = things.make(request)
        things.fakes.memory.down = True
        return answer

    things.act = acts_as_the_store_goes
    assert things.post().status == 201
    things.fakes.memory.down = False
    things.fakes.clock.advance(LEASE.total_seconds())
    assert things.post().status == 201
    assert len(set(things.made)) == 1


def test_after_a_day_a_key_is_new(things: Things) -> None:
    first = things.post()
    things.fakes.clock.advance((KEPT - LEASE).total_seconds())
    assert things.call(post(token_seconds=1e6)).body == first.body
    things.fakes.clock.advance(LEASE.total_seconds())
    assert things.call(post(token_seconds=1e6)).body != first.body


def test_a_store_that_is_down_is_to_be_tried_again(things: Things) -> None:
    things.fakes.memory.down = True
    assert things.post().status == 503
    assert things.made == []


def test_rights_come_before_the_key(fakes: Fakes) -> None:
    @endpoint(role=Role.ADMIN)
    def handler(request: Request[None], deps: Deps) -> Response:
        return Response({})

    assert call(handler, post(), fakes.deps()).status == 403
    assert fakes.memory.tables.idempotency_keys == {}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_has_a_key(things: Things, method: str) -> None:
    for _ in range(2):
        event = http_event(method, "/api/things")
        event["headers"]["idempotency-key"] = KEY
        things.call(event)
    assert len(set(things.made)) == 2


def test_secrets_are_not_kept(fakes: Fakes) -> None:
    secrets = {call(tickets.handler, post(), fakes.deps()).body["ticket"] for _ in range(2)}
    assert len(secrets) == 2
    credentials = {"email": "ada@example.com", "password": "secret of ada"}
    assert call(login.handler, post(body=credentials, caller=None), fakes.deps()).status == 200
    assert fakes.memory.tables.idempotency_keys == {}


TRIES = st.lists(
    st.tuples(st.sampled_from("kl"), st.sampled_from("ab"), st.sampled_from([201, 404, 503])),
    max_size=12,
)


@given(tries=TRIES)
def test_whatever_comes_in_whatever_order_a_key_makes_one_thing(
    tries: list[tuple[str, str, int]],
) -> None:
    """503 stands for what failed after it acted, 404 for what has not acted."""
    fakes = Fakes()
    made: dict[tuple[str, str], set[str]] = {}
    owners: dict[str, str] = {}
    answers: dict[str, Any] = {}
    for name, body, status in tries:
        key = key_of(ADA, name, ("POST", "/", body.encode()))

        def act(id_: str, _: bool, name: str = name, body: str = body, status: int = status) -> Any:
            if status != 404:
                made.setdefault((name, body), set()).add(id_)
            return {"statusCode": status, "id": id_}

        if owners.get(name, body) != body:
            with pytest.raises(Exception, match="another request"):
                once(key, act, keys=fakes.idempotency_keys, clock=fakes.clock)
            continue
        answer, is_old = once(key, act, keys=fakes.idempotency_keys, clock=fakes.clock)
        assert is_old == (name in answers)
        if is_old:
            assert answer == answers[name]
        elif status == 201:
            answers[name] = answer
        if not is_old and status != 404:
            owners[name] = body
    assert all(len(ids) == 1 for ids in made.values())
