"""What senders do afterwards: replace, withdraw, schedule; and what happens by itself in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from belfry import wire
from belfry.model import Connection, Role
from belfry.timing import DUE_LIMIT
from functions.dispatch import deliver, due, sweep
from functions.inbox import change
from functions.notifications import create, replace, scheduled, trace, withdraw
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, Answer, call, http_event, queue_event, queue_record


def soon(seconds: float = 60) -> str:
    return wire.time(NOON + timedelta(seconds=seconds))


def post(fakes: Fakes, **fields: Any) -> Answer:
    body = {"userId": ADA, "message": "Hello", **fields}
    event = http_event("POST", "/api/notifications", body=body, role=Role.ADMIN)
    return call(create.handler, event, fakes.deps())


def as_admin(
    fakes: Fakes, handler: Any, id_: str, body: Any = None, role: Role = Role.ADMIN
) -> Answer:
    event = http_event("PUT", f"/api/notifications/{id_}", body=body, id_=id_, role=role)
    return call(handler, event, fakes.deps())


def deliver_all(fakes: Fakes) -> None:
    if records := [queue_record(message.body) for message in fakes.queue.take()]:
        deliver.handler.using(fakes.deps())(queue_event(*records), None)


def tick(fakes: Fakes, seconds: float) -> None:
    """What the schedules do, after so much time."""
    fakes.clock.advance(seconds)
    for handler in (sweep.handler, due.handler):
        handler.using(fakes.deps())({"source": "aws.events"}, None)
    deliver_all(fakes)


def frames(fakes: Fakes) -> list[Any]:
    return [frame for _, frame in fakes.pusher.take()]


def open_socket(fakes: Fakes) -> None:
    fakes.connections.add(Connection("phone=", ADA, "https://push.example.com/ws", NOON))


@pytest.fixture
def fakes(fakes: Fakes) -> Fakes:
    open_socket(fakes)
    return fakes


def test_a_new_text_is_on_every_device(fakes: Fakes) -> None:
    id_ = post(fakes, title="Old").body["id"]
    deliver_all(fakes)
    frames(fakes)
    fakes.clock.advance(5)
    answer = as_admin(fakes, replace.handler, id_, {"message": "New", "priority": 5})
    assert answer.status == 200
    assert (answer.body["message"], answer.body["priority"]) == ("New", 5)
    assert (answer.body["editedAt"], "title" in answer.body) == (soon(5), False)
    [frame] = frames(fakes)
    assert (frame["type"], frame["ids"]) == ("updated", [id_])
    assert [item["message"] for item in frame["notifications"]] == ["New"]
    again = as_admin(fakes, replace.handler, id_, {"message": "New", "priority": 5})
    assert (again.status, frames(fakes)) == (200, [])


def test_a_text_is_replaced_before_it_arrives(fakes: Fakes) -> None:
    id_ = post(fakes).body["id"]
    as_admin(fakes, replace.handler, id_, {"message": "New"})
    deliver_all(fakes)
    [frame] = frames(fakes)
    assert [item["message"] for item in frame["notifications"]] == ["New"]


@pytest.mark.parametrize("handler", [replace.handler, withdraw.handler])
def test_only_administrators_may_and_only_what_is_there(fakes: Fakes, handler: Any) -> None:
    id_ = post(fakes).body["id"]
    body = {"message": "New"}
    assert as_admin(fakes, handler, id_, body, role=Role.USER).status == 403
    assert as_admin(fakes, handler, "unknown", body).status == 404


def test_what_is_withdrawn_is_gone_from_every_device(fakes: Fakes) -> None:
    id_ = post(fakes).body["id"]
    deliver_all(fakes)
    frames(fakes)
    assert as_admin(fakes, withdraw.handler, id_).status == 204
    [frame] = frames(fakes)
    assert (frame["type"], frame["ids"], frame["unreadCount"]) == ("withdrawn", [id_], 0)
    assert as_admin(fakes, withdraw.handler, id_).status == 404
    body = as_admin(fakes, trace.handler, id_).body
    assert body["where"] == "Gone: it was withdrawn."
    assert body["steps"][-1] == {"step": "withdrawn", "at": soon(0)}


def test_what_is_scheduled_comes_at_its_time_and_once(fakes: Fakes) -> None:
    answer = post(fakes, deliverAt=soon(60))
    assert answer.body["deliverAt"] == answer.body["arrivedAt"] == soon(60)
    assert fakes.queue.take() == []
    where = as_admin(fakes, trace.handler, answer.body["id"]).body["where"]
    assert where == f"Scheduled. It is to be delivered at {soon(60)}."
    tick(fakes, 59)
    assert frames(fakes) == []
    tick(fakes, 1)
    [frame] = frames(fakes)
    assert [item["id"] for item in frame["notifications"]] == [answer.body["id"]]
    tick(fakes, 300)
    assert frames(fakes) == []


def test_what_is_scheduled_is_listed_and_can_be_cancelled(fakes: Fakes) -> None:
    later, sooner = (post(fakes, deliverAt=soon(s)).body["id"] for s in (120, 60))
    post(fakes)

    def listed(**query: str) -> Answer:
        event = http_event("GET", "/api/scheduled", query=query, role=Role.ADMIN)
        return call(scheduled.handler, event, fakes.deps())

    first = listed(limit="1")
    assert [item["id"] for item in first.body["items"]] == [sooner]
    cursor = first.body["nextCursor"]
    assert f"cursor={cursor}" in first.headers["link"]
    rest = listed(cursor=cursor)
    assert ([item["id"] for item in rest.body["items"]], rest.body["nextCursor"]) == ([later], None)
    assert as_admin(fakes, withdraw.handler, sooner).status == 204
    assert [item["id"] for item in listed().body["items"]] == [later]
    deliver_all(fakes)
    frames(fakes)
    tick(fakes, 60)
    assert frames(fakes) == []
    assert listed(cursor="x").pointers() == ["cursor"]


def test_what_expires_is_gone_from_every_device_once(fakes: Fakes) -> None:
    id_ = post(fakes, expiresAt=soon(60)).body["id"]
    deliver_all(fakes)
    frames(fakes)
    tick(fakes, 59)
    assert frames(fakes) == []
    tick(fakes, 1)
    assert [(f["type"], f["ids"], f["unreadCount"]) for f in frames(fakes)] == [
        ("expired", [id_], 0)
    ]
    tick(fakes, 60)
    assert frames(fakes) == []


def test_what_expires_before_it_could_be_delivered_never_is(fakes: Fakes) -> None:
    post(fakes, expiresAt=soon(60))
    fakes.queue.take()  # lost
    fakes.clock.advance(61)
    due.handler.using(fakes.deps())({}, None)
    tick(fakes, 1)
    assert frames(fakes) == []


def snooze(fakes: Fakes, ids: list[str], seconds: float) -> None:
    body = {"change": "snooze", "ids": ids, "until": soon(seconds)}
    event = http_event("POST", "/api/inbox/changes", body=body)
    assert call(change.handler, event, fakes.deps()).status == 200


def test_a_snooze_ends_by_itself_and_once(fakes: Fakes) -> None:
    id_ = post(fakes).body["id"]
    deliver_all(fakes)
    snooze(fakes, [id_], 60)
    frames(fakes)
    tick(fakes, 59)
    assert frames(fakes) == []
    tick(fakes, 1)
    [frame] = frames(fakes)
    assert (frame["type"], frame["unreadCount"]) == ("unsnoozed", 1)
    assert [item["arrivedAt"] for item in frame["notifications"]] == [soon(60)]
    tick(fakes, 60)
    assert frames(fakes) == []


def test_snoozes_that_end_together_are_one_event(fakes: Fakes) -> None:
    ids = [post(fakes).body["id"] for _ in range(100)]
    deliver_all(fakes)
    snooze(fakes, ids, 60)
    frames(fakes)
    tick(fakes, 60)
    [frame] = frames(fakes)
    assert (frame["type"], len(frame["ids"]), "notifications" in frame) == ("unsnoozed", 100, False)
    assert frame["unreadCount"] == len(ids)


def test_more_than_one_look_finds_are_all_done(fakes: Fakes) -> None:
    for _ in range(DUE_LIMIT + 1):
        post(fakes, expiresAt=soon(60))
    tick(fakes, 61)
    assert fakes.timers.due(fakes.clock(), 10) == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"deliverAt": wire.time(NOON)}, "/deliverAt"),
        ({"deliverAt": "2027-06-01T00:00:00Z"}, "/deliverAt"),
        ({"expiresAt": wire.time(NOON - timedelta(seconds=1))}, "/expiresAt"),
        ({"deliverAt": soon(60), "expiresAt": soon(60)}, "/expiresAt"),
        ({"deliverAt": "soon"}, "/deliverAt"),
        ({"expiresAt": "2026-01-06T00:00:00"}, "/expiresAt"),
    ],
)
def test_a_wrong_time_is_named(fakes: Fakes, fields: dict[str, str], pointer: str) -> None:
    answer = post(fakes, **fields)
    assert (answer.status, answer.pointers()) == (400, [pointer])
