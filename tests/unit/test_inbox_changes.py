"""inbox.change, .counts and .events, notifications.delete, and the action `change`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from belfry import wire
from belfry.changes import PERSONAL
from belfry.changing import CHANGING_FOR
from belfry.model import Connection, Notification, new_id
from belfry.ports import CHANGED_AT_ONCE, PushResult
from functions.inbox import change, counts, events
from functions.notifications import delete
from functions.realtime import change as change_frame
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, frame_of, http_event, websocket_event

LATER = wire.time(NOON + timedelta(hours=1))


def arrived(fakes: Fakes, count: int = 1, user_id: str = ADA, **fields: Any) -> list[str]:
    """The ids of notifications in an inbox, oldest first."""
    known: dict[str, Any] = {"user_id": user_id, "message": "Hello", "created_at": NOON}
    items = [Notification(**known | {"id": new_id()} | fields) for _ in range(count)]
    for item in items:
        fakes.outbox.add(item, NOON)
        fakes.inboxes.append([item.id], NOON)
    return [item.id for item in items]


def post(fakes: Fakes, body: Any, caller: str = ADA) -> Answer:
    event = http_event("POST", "/api/inbox/changes", body=body, caller=caller)
    return call(change.handler, event, fakes.deps())


def ask(fakes: Fakes, *filters: Any) -> Answer:
    query = {"filters": json.dumps(filters)}
    return call(counts.handler, http_event("GET", "/api/inbox/counts", query=query), fakes.deps())


def pushed(fakes: Fakes) -> list[Any]:
    return [frame for _, frame in fakes.pusher.take()]


def open_socket(fakes: Fakes) -> None:
    fakes.connections.add(Connection("phone=", ADA, "https://push.example.com/ws", NOON))


@pytest.mark.parametrize("kind", PERSONAL)
def test_every_change_is_done_and_told_to_every_device(fakes: Fakes, kind: str) -> None:
    [id_] = arrived(fakes)
    until = {"until": LATER} if kind == "snooze" else {}
    undone = {"unread": "read", "unarchive": "archive", "unpin": "pin"}.get(kind)
    if kind == "unsnooze":
        post(fakes, {"change": "snooze", "ids": [id_], "until": LATER})
    elif undone:
        post(fakes, {"change": undone, "ids": [id_]})
    open_socket(fakes)
    answer = post(fakes, {"change": kind, "ids": [id_], **until})
    assert (answer.status, answer.body["changed"], answer.body["nextCursor"]) == (200, 1, None)
    [frame] = pushed(fakes)
    assert frame["ids"] == [id_]
    assert (frame["seq"], frame["unreadCount"]) == (answer.body["seq"], answer.body["unreadCount"])
    assert frame.get("until") == until.get("until")


def test_all_that_a_filter_shows_is_changed(fakes: Fakes) -> None:
    wanted = arrived(fakes, 3, category="builds", priority=5)
    arrived(fakes, 2, category="builds")
    arrived(fakes, 2, priority=5)
    answer = post(fakes, {"change": "archive", "filter": {"category": "builds", "priority": 5}})
    assert answer.body == {"changed": 3, "nextCursor": None, "seq": 8, "unreadCount": 4}
    found = ask(fakes, {}, {"archived": True}, {"category": "builds"})
    assert found.body["counts"] == [4, 3, 2]
    assert {i for i in wanted if fakes.notifications.get(ADA, i).archived} == set(wanted)  # type: ignore[union-attr]


def test_a_great_many_are_changed_by_several_events_and_calls(fakes: Fakes) -> None:
    ids = [new_id() for _ in range(2 * CHANGED_AT_ONCE + 1)]
    for id_ in ids:
        fakes.outbox.add(Notification(id_, ADA, "Hello", NOON), NOON)
    fakes.inboxes.append(ids, NOON)
    answer = post(fakes, {"change": "read", "filter": {}})
    assert (answer.body["changed"], answer.body["nextCursor"]) == (len(ids), None)
    assert answer.body["unreadCount"] == 0

    taken = fakes.inboxes.change

    def slow(*args: Any, **kwargs: Any) -> Any:
        fakes.clock.advance(CHANGING_FOR.total_seconds())
        return taken(*args, **kwargs)

    parts = fakes.deps()
    parts.__dict__["inboxes"] = type("Slow", (), {"change": staticmethod(slow)})()
    body: dict[str, Any] = {"change": "pin", "filter": {}}
    changed: list[int] = []
    while not changed or body["cursor"]:
        event = http_event("POST", "/api/inbox/changes", body=body)
        answer = call(change.handler, event, parts)
        changed.append(answer.body["changed"])
        body["cursor"] = answer.body["nextCursor"]
    assert len(changed) > 1
    assert sum(changed) == len(ids)


def test_nothing_to_change_is_no_event(fakes: Fakes) -> None:
    arrived(fakes)
    assert post(fakes, {"change": "unread", "filter": {}}).body == {
        "changed": 0,
        "nextCursor": None,
        "seq": 1,
        "unreadCount": 1,
    }


def test_what_is_somebody_elses_is_not_found(fakes: Fakes) -> None:
    [id_] = arrived(fakes, user_id=BOB)
    assert post(fakes, {"change": "delete", "ids": [id_, "unknown"]}).status == 404
    assert fakes.notifications.get(BOB, id_)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"change": "read"}, "/ids"),
        ({"change": "read", "ids": ["a"], "filter": {}}, "/ids"),
        ({"change": "read", "ids": ["a"], "cursor": "0" * 13 + "-" + "0" * 36}, "/cursor"),
        ({"change": "read", "filter": {}, "cursor": "x"}, "/cursor"),
        ({"change": "read", "ids": []}, "/ids"),
        ({"change": "read", "ids": ["a"] * 101}, "/ids"),
        ({"change": "read", "ids": [""]}, "/ids/0"),
        ({"change": "withdraw", "ids": ["a"]}, "/change"),
        ({"change": "expire", "ids": ["a"]}, "/change"),
        ({"change": "Read", "ids": ["a"]}, "/change"),
        ({"ids": ["a"]}, "/change"),
        ({"change": "snooze", "ids": ["a"]}, "/until"),
        ({"change": "read", "ids": ["a"], "until": LATER}, "/until"),
        ({"change": "snooze", "ids": ["a"], "until": wire.time(NOON)}, "/until"),
        ({"change": "snooze", "ids": ["a"], "until": "2027-06-01T00:00:00Z"}, "/until"),
        ({"change": "snooze", "ids": ["a"], "until": "tomorrow"}, "/until"),
        ({"change": "snooze", "ids": ["a"], "until": "2026-01-06T00:00:00"}, "/until"),
        ({"change": "read", "filter": {"read": True}}, "/filter/read"),
        ({"change": "read", "filter": {"priority": 6}}, "/filter/priority"),
        ({"change": "read", "filter": {"archived": True, "snoozed": True}}, "/filter/snoozed"),
    ],
)
def test_wrong_input_names_the_field(fakes: Fakes, body: Any, pointer: str) -> None:
    answer = post(fakes, body)
    assert answer.status == 400
    assert answer.pointers() == [pointer]


def test_deleting_one(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    open_socket(fakes)
    event = http_event("DELETE", f"/api/notifications/{id_}", id_=id_)
    answer = call(delete.handler, event, fakes.deps())
    assert (answer.status, answer.body) == (204, None)
    assert [frame["type"] for frame in pushed(fakes)] == ["deleted"]
    assert call(delete.handler, event, fakes.deps()).status == 404


def test_a_push_that_fails_does_not_fail_the_change(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    open_socket(fakes)
    fakes.pusher.results["phone="] = PushResult.LATER
    assert post(fakes, {"change": "pin", "ids": [id_]}).body["changed"] == 1


@pytest.mark.parametrize(
    ("filters", "pointer"),
    [
        ("[]", "filters"),
        ("{}", "filters"),
        ("[{]", "filters"),
        ("", "filters"),
        ("[1]", "filters/0"),
        ('[{}, {"category": ""}]', "filters/1/category"),
        (json.dumps([{}] * 21), "filters"),
        (json.dumps([{"since": LATER}, {}, {"since": LATER}]), "filters/2/since"),
    ],
)
def test_wrong_filters_are_named(fakes: Fakes, filters: str, pointer: str) -> None:
    event = http_event("GET", "/api/inbox/counts", query={"filters": filters})
    answer = call(counts.handler, event, fakes.deps())
    assert (answer.status, answer.pointers()) == (400, [pointer])


def test_counts_come_in_the_order_of_their_filters(fakes: Fakes) -> None:
    ids = arrived(fakes, 3)
    arrived(fakes, 2, category="builds", priority=1)
    post(fakes, {"change": "read", "ids": ids[:1]})
    post(fakes, {"change": "snooze", "ids": ids[1:2], "until": LATER})
    asked = [{"unread": True}, {}, {"snoozed": True}, {"category": "builds"}, {"priority": 1}]
    asked.append({"since": wire.time(NOON)})
    answer = ask(fakes, *asked)
    assert answer.body == {"counts": [3, 4, 1, 2, 2, 4], "seq": 7, "unreadCount": 3}


def wait(fakes: Fakes, **query: str) -> Answer:
    event = http_event("GET", "/api/inbox/events", query=query)
    return call(events.handler, event, fakes.deps())


def test_events_without_a_number_tell_where_the_inbox_is(fakes: Fakes) -> None:
    arrived(fakes, 2)
    assert wait(fakes).body == {"type": "ready", "seq": 2, "unreadCount": 2}


def test_events_after_a_number_come_at_once(fakes: Fakes) -> None:
    arrived(fakes, 2)
    answer = wait(fakes, since="1", wait="25")
    assert fakes.clock() == NOON
    assert (answer.body["type"], answer.body["seq"], answer.body["recovered"]) == ("sync", 2, True)
    assert [event["seq"] for event in answer.body["events"]] == [2]
    assert answer.headers["cache-control"] == "no-store"


def test_with_nothing_after_the_number_the_answer_waits(fakes: Fakes) -> None:
    arrived(fakes)
    answer = wait(fakes, since="1", wait="25")
    assert fakes.clock() == NOON + timedelta(seconds=25)
    assert (answer.body["seq"], answer.body["events"], answer.body["recovered"]) == (1, [], True)


def test_the_answer_comes_with_the_event(fakes: Fakes) -> None:
    arrived(fakes)

    def pause(seconds: float) -> None:
        fakes.clock.advance(seconds)
        arrived(fakes)

    fakes.pause = pause
    answer = wait(fakes, since="1", wait="25")
    assert [event["seq"] for event in answer.body["events"]] == [2]
    assert fakes.clock() < NOON + timedelta(seconds=1)


def test_a_number_of_another_inbox_is_not_waited_for(fakes: Fakes) -> None:
    answer = wait(fakes, since="7", wait="25")
    assert answer.body["recovered"] is False
    assert fakes.clock() == NOON


@pytest.mark.parametrize(
    ("query", "name"),
    [({"since": "-1"}, "since"), ({"wait": "26"}, "wait"), ({"wait": "-1"}, "wait")],
)
def test_wrong_numbers_are_named(fakes: Fakes, query: dict[str, str], name: str) -> None:
    assert wait(fakes, **query).pointers() == [name]


def test_a_change_by_websocket(fakes: Fakes) -> None:
    [id_] = arrived(fakes)

    def send(**fields: Any) -> dict[str, Any]:
        event = websocket_event({"action": "change", **fields})
        return frame_of(change_frame.handler.using(fakes.deps())(event, None))

    frame = send(change="snooze", ids=[id_], until=LATER, ref="7")
    assert frame == {"type": "done", "changed": 1, "nextCursor": None, "ref": "7"}
    assert send(change="archive", filter={"snoozed": True})["changed"] == 1


def test_a_wrong_change_by_websocket_is_an_error_frame(fakes: Fakes) -> None:
    body = {"action": "change", "change": "snooze", "ids": ["a"]}
    frame = frame_of(change_frame.handler.using(fakes.deps())(websocket_event(body), None))
    assert (frame["type"], frame["status"]) == ("error", 400)
    assert [error["pointer"] for error in frame["errors"]] == ["/until"]


def test_events_of_many_kinds_are_caught_up_with_what_they_carry(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    post(fakes, {"change": "snooze", "ids": [id_], "until": LATER})
    post(fakes, {"change": "unsnooze", "ids": [id_]})
    post(fakes, {"change": "pin", "ids": [id_]})
    answer = wait(fakes, since="1")
    snoozed, back, pinned = answer.body["events"]
    assert (snoozed["type"], snoozed["until"], snoozed["unreadCount"]) == ("snoozed", LATER, 0)
    assert [item["id"] for item in back["notifications"]] == [id_]
    assert (pinned["ids"], "notifications" in pinned) == ([id_], False)
