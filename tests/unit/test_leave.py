"""auth.leave and auth.forget: a person leaves for good, whatever comes in between."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from belfry.errors import StoreUnavailable
from belfry.leaving import AT_ONCE, OUTLIVED, UNDER_WAY
from belfry.model import Connection, Position, Role
from functions.auth import forget, leave, login, me, register
from functions.dispatch import deliver
from functions.notifications import create
from functions.realtime import sync, tickets
from functions.topics import subscribe
from tests.fakes import NOON, Fakes
from tests.fakes.leavings import FakeLeavings
from tests.unit.events import (
    ADA,
    BOB,
    Answer,
    call,
    frame_of,
    http_event,
    queue_event,
    queue_record,
    websocket_event,
)


def go(fakes: Fakes, caller: str = ADA, role: Role = Role.USER) -> Answer:
    event = http_event("DELETE", "/api/me", caller=caller, role=role)
    return call(leave.handler, event, fakes.deps())


def send(fakes: Fakes, to: str = ADA) -> Answer:
    body = {"userId": to, "message": "Hello"}
    event = http_event("POST", "/api/notifications", body=body, caller=BOB, role=Role.ADMIN)
    return call(create.handler, event, fakes.deps())


def dispatch(fakes: Fakes) -> None:
    for message in fakes.queue.take():
        record = queue_record(message.body, message.headers)
        deliver.handler.using(fakes.deps())(queue_event(record), None)


def run_schedule(fakes: Fakes) -> None:
    forget.handler.using(fakes.deps())({}, None)


def is_left(fakes: Fakes, user_id: str = ADA) -> bool:
    """Whether an id is still somewhere."""
    return any(f"'{user_id}'" in repr(table) for table in vars(fakes.memory.tables).values())


def test_who_leaves_is_gone_at_once_and_the_address_is_free(fakes: Fakes) -> None:
    send(fakes)
    dispatch(fakes)
    answer = go(fakes)
    assert (answer.status, answer.body) == (204, None)
    assert call(me.handler, http_event(), fakes.deps()).status == 404
    credentials = {"email": "ada@example.com", "password": f"secret of {ADA}"}
    event = http_event("POST", "/api/login", body=credentials, caller=None)
    assert call(login.handler, event, fakes.deps()).status == 401
    event = http_event("POST", body={**credentials, "username": "Ada"}, caller=None)
    made = call(register.handler, event, fakes.deps())
    assert made.status == 201
    assert fakes.inboxes.position(made.body["id"]) == Position()


def test_sending_to_who_left_is_sending_to_nobody(fakes: Fakes) -> None:
    go(fakes)
    answer = send(fakes)
    assert (answer.status, answer.pointers()) == (422, ["/userId"])
    assert not fakes.queue.take()


def test_devices_are_closed_and_hear_nothing_more(fakes: Fakes) -> None:
    for id_, who in (("phone=", ADA), ("laptop=", ADA), ("bobs=", BOB)):
        fakes.connections.add(Connection(id_, who, "https://push.example.com/ws", NOON))
    send(fakes)
    go(fakes)
    assert sorted(fakes.pusher.hung_up) == ["laptop=", "phone="]
    dispatch(fakes)
    assert fakes.pusher.take() == []
    assert {each.id for each in fakes.connections.of_users([ADA, BOB])} == {"bobs="}


def test_what_waits_in_the_queue_is_no_dead_letter(fakes: Fakes) -> None:
    send(fakes)
    go(fakes)
    dispatch(fakes)
    assert fakes.queue.take() == []
    assert fakes.inboxes.position(ADA) == Position()


def test_asking_again_is_answered_alike_until_it_is_long_ago(fakes: Fakes) -> None:
    assert [go(fakes).status for _ in range(3)] == [204] * 3
    fakes.clock.advance(OUTLIVED.total_seconds())
    run_schedule(fakes)
    assert not is_left(fakes)
    event = http_event("DELETE", "/api/me", token_seconds=10**6)
    answer = call(leave.handler, event, fakes.deps())
    assert (answer.status, answer.body["title"]) == (404, "Not found")


@pytest.mark.parametrize(
    ("caller", "token_role"), [(BOB, Role.ADMIN), (BOB, Role.USER), (ADA, Role.ADMIN)]
)
def test_an_administrator_stays_by_the_account_or_by_the_token(
    fakes: Fakes, caller: str, token_role: Role
) -> None:
    """A token of somebody who has just got the role, or lost it, is one of an administrator."""
    answer = go(fakes, caller, token_role)
    assert (answer.status, answer.body["type"]) == (409, "urn:belfry:problem:administrator-stays")
    assert "role taken away" in answer.body["detail"]
    assert fakes.users.by_id(caller)


def test_who_lost_the_role_and_logs_in_again_may_leave(fakes: Fakes) -> None:
    fakes.users.set_role("bob@example.com", Role.USER)
    assert go(fakes, BOB).status == 204
    assert fakes.users.by_id(BOB) is None


def test_what_an_old_token_can_still_do_is_harmless_and_goes_in_the_end(fakes: Fakes) -> None:
    go(fakes)
    parts = fakes.deps()
    event = http_event("PUT", "/api/topics/news/subscription")
    event["pathParameters"] = {"topic": "news"}
    assert call(subscribe.handler, event, parts).status == 204
    event = http_event("POST", "/api/realtime/tickets")
    assert call(tickets.handler, event, parts).status == 201
    frame = frame_of(sync.handler.using(parts)(websocket_event({"action": "sync"}), None))
    assert (frame["seq"], frame["unreadCount"]) == (0, 0)
    assert is_left(fakes)
    fakes.clock.advance(OUTLIVED.total_seconds())
    run_schedule(fakes)
    assert not is_left(fakes)


class Large(FakeLeavings):
    """One whose work takes so many parts, each a second, and fails at one of them."""

    def __init__(self, fakes: Fakes, parts: int, fails_at: int | None = None) -> None:
        super().__init__(fakes.memory)
        self._clock = fakes.clock
        self.parts, self.fails_at = parts, fails_at

    def forget(self, user_id: str, now: datetime) -> bool:
        self._clock.advance(1)
        if self.parts == self.fails_at:
            self.fails_at = None
            raise StoreUnavailable("The database does not answer. Try again.")
        self.parts -= 1
        return self.parts <= 0 and super().forget(user_id, now)


def test_a_large_inbox_goes_on_by_the_schedule(fakes: Fakes) -> None:
    fakes.leavings = large = Large(fakes, parts=60)
    send(fakes)
    began = fakes.clock()
    assert go(fakes).status == 204
    assert timedelta(seconds=4) <= fakes.clock() - began < timedelta(seconds=6)
    assert fakes.users.by_id(ADA) is None
    run_schedule(fakes)
    assert large.parts > 0
    run_schedule(fakes)
    assert large.parts == 0
    assert not fakes.notifications.by_ids(fakes.memory.tables.notifications)
    run_schedule(fakes)  # not due again before the end
    assert large.parts == 0


def test_a_store_that_fails_afterwards_fails_nobody(fakes: Fakes) -> None:
    fakes.leavings = large = Large(fakes, parts=3, fails_at=2)
    assert go(fakes).status == 204
    assert large.parts == 2
    run_schedule(fakes)
    assert large.parts == 2  # its turn is not over
    fakes.clock.advance(UNDER_WAY.total_seconds())
    run_schedule(fakes)
    assert large.parts <= 0


def test_a_store_that_is_down_is_503_and_nothing_has_happened(fakes: Fakes) -> None:
    fakes.memory.down = True
    answer = go(fakes)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    fakes.memory.down = False
    assert fakes.users.by_id(ADA)


def test_a_turn_is_longer_than_what_it_is_for() -> None:
    assert AT_ONCE < UNDER_WAY < OUTLIVED


def test_others_keep_what_they_have(fakes: Fakes) -> None:
    send(fakes, BOB)
    dispatch(fakes)
    go(fakes)
    assert fakes.inboxes.position(BOB) == Position(1, 1)
    assert fakes.users.by_id(BOB)
