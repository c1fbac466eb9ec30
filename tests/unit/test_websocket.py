"""realtime.connections, .sync and .mark: every frame is answered by a frame."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.adapters.mongo.stream import KEPT
from belfry.changes import Change, ChangeKind, Content
from belfry.function import Function
from belfry.model import Connection, Notification, new_id
from functions.realtime import connections, mark, sync
from tests.contract.people import mark as marked
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, frame_of, websocket_event

ROUTES: dict[str, Function[dict[str, Any]]] = {
    "sync": sync.handler,
    "read": mark.handler,
    "$default": connections.handler,
}
FRAME_LIMIT = 128 * 1024


def send(fakes: Fakes, route: str, body: Any, caller: str = ADA) -> dict[str, Any]:
    event = websocket_event(body, caller=caller)
    return frame_of(ROUTES[route].using(fakes.deps())(event, None))


def arrived(fakes: Fakes, count: int = 1, message: str = "Hello") -> list[str]:
    ids = [new_id() for _ in range(count)]
    for id_ in ids:
        fakes.outbox.add(Notification(id_, ADA, message, NOON), NOON)
        fakes.inboxes.append([id_], NOON)
    return ids


def lifecycle(fakes: Fakes, kind: str) -> Any:
    return connections.handler.using(fakes.deps())(websocket_event(kind=kind), None)


def test_connecting_remembers_where_to_push(fakes: Fakes) -> None:
    assert lifecycle(fakes, "CONNECT") == {"statusCode": 200}
    [connection] = fakes.connections.of_users([ADA])
    # From the gateway's own name, never from the Host header, which a client makes up.
    assert connection == Connection("phone=", ADA, "https://push.example.com/ws", NOON)


def test_disconnecting_forgets_and_does_not_mind_twice(fakes: Fakes) -> None:
    lifecycle(fakes, "CONNECT")
    for _ in range(2):
        assert lifecycle(fakes, "DISCONNECT") == {"statusCode": 200}
        assert list(fakes.connections.of_users([ADA])) == []


@pytest.mark.parametrize("kind", ["CONNECT", "DISCONNECT"])
def test_a_store_that_is_down_is_the_status_of_the_handshake(fakes: Fakes, kind: str) -> None:
    fakes.memory.down = True
    assert lifecycle(fakes, kind) == {"statusCode": 503}


@pytest.mark.parametrize("ref", [{}, {"ref": "7"}])
def test_ping_is_answered_by_pong(fakes: Fakes, ref: dict[str, str]) -> None:
    assert send(fakes, "$default", {"action": "ping", **ref}) == {"type": "pong", **ref}


@pytest.mark.parametrize(("route", "action"), [("$default", "ping"), ("sync", "sync")])
def test_a_sign_of_life_puts_a_forgotten_connection_back(
    fakes: Fakes, route: str, action: str
) -> None:
    lifecycle(fakes, "CONNECT")
    remembered = list(fakes.connections.of_users([ADA]))
    fakes.connections.remove(["phone="])
    send(fakes, route, {"action": action})
    assert list(fakes.connections.of_users([ADA])) == remembered


def test_other_actions_are_no_sign_of_life(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    send(fakes, "read", {"action": "read", "id": id_})
    assert list(fakes.connections.of_users([ADA])) == []


def test_a_ping_is_answered_also_while_the_store_is_down(fakes: Fakes) -> None:
    fakes.memory.down = True
    assert send(fakes, "$default", {"action": "ping"}) == {"type": "pong"}


def test_the_scheme_of_old_connections_is_that_of_aws(fakes: Fakes) -> None:
    event = websocket_event({"action": "ping"})
    del event["requestContext"]["authorizer"]["scheme"]
    connections.handler.using(fakes.deps())(event, None)
    [connection] = fakes.connections.of_users([ADA])
    assert connection.endpoint == "https://push.example.com/ws"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"action": "dance"}, ["/action"]),
        ({"action": None}, ["/action"]),
        ({"action": {"$gt": ""}}, ["/action"]),
        ({"action": "PING"}, ["/action"]),
        ({}, ["/action"]),
        ("", None),
        ("{", None),
        ("[]", None),
        ("null", None),
        ('"ping"', None),
        ("NaN", None),
        ('{"action": "ping", "x": NaN}', None),
        ('{"action": "ping", "ref": "\\ud800"}', None),
        ("[" * 100_000, None),
        ('{"action": "ping", "x": ' + "9" * 5000 + "}", None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_no_route_takes_is_an_error_frame(
    fakes: Fakes, body: Any, pointers: list[str] | None
) -> None:
    frame = send(fakes, "$default", body)
    assert (frame["type"], frame["status"]) == ("error", 400)
    named = [error["pointer"] for error in frame.get("errors", [])]
    assert named == (pointers or [])


def test_the_ref_comes_back_with_an_error_too(fakes: Fakes) -> None:
    for route, body in (("$default", {"action": "x"}), ("sync", {"action": "sync", "since": -1})):
        assert send(fakes, route, {**body, "ref": "ü 7"})["ref"] == "ü 7"


@pytest.mark.parametrize("ref", ["x" * 65, 7, None, {"a": 1}, ["x"]])
def test_a_ref_that_is_none_does_not_come_back(fakes: Fakes, ref: Any) -> None:
    assert send(fakes, "$default", {"action": "ping", "ref": ref}) == {"type": "pong"}


@pytest.mark.parametrize(
    ("route", "body", "pointer"),
    [
        ("sync", {"since": -1}, "/since"),
        ("sync", {"since": 1.5}, "/since"),
        ("sync", {"since": "1"}, "/since"),
        ("sync", {"since": True}, "/since"),
        ("sync", {"since": 2**53 + 1}, "/since"),
        ("sync", {"since": float("inf")}, "/since"),
        ("sync", {"since": {"$gt": 0}}, "/since"),
        ("sync", {"to": 1}, "/to"),
        ("sync", {"ref": "x" * 65}, "/ref"),
        ("sync", {"ref": 1}, "/ref"),
        ("read", {}, "/id"),
        ("read", {"id": ""}, "/id"),
        ("read", {"id": 1}, "/id"),
        ("read", {"id": {"$gt": ""}}, "/id"),
        ("read", {"id": "\0"}, "/id"),
        ("read", {"id": "x" * 65}, "/id"),
        ("read", {"id": "1", "read": "yes"}, "/read"),
        ("read", {"id": "1", "x": 1}, "/x"),
    ],
)
def test_a_field_against_the_rules_is_named(
    fakes: Fakes, route: str, body: dict[str, Any], pointer: str
) -> None:
    frame = send(fakes, route, {"action": route, **body})
    assert (frame["type"], frame["status"]) == ("error", 400)
    assert [error["pointer"] for error in frame["errors"]] == [pointer]


@pytest.mark.parametrize("route", ["sync", "read"])
@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"action": "sync", "ref": "\\ud800"}', "1" * 9000]
)
def test_a_broken_frame_is_an_error_frame(fakes: Fakes, route: str, body: str) -> None:
    frame = send(fakes, route, body)
    assert (frame["type"], frame["status"]) == ("error", 400)
    assert "ref" not in frame


@pytest.mark.parametrize("route", list(ROUTES))
@given(
    body=st.text(max_size=40)
    | st.dictionaries(
        st.sampled_from(["action", "ref", "since", "id", "read", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    ).map(json.dumps)
)
def test_whatever_is_sent_is_answered_by_a_frame(route: str, body: str) -> None:
    frame = send(Fakes(), route, body)
    assert frame["type"] in {"error", "pong", "ready", "sync"}


@pytest.mark.parametrize("route", ["sync", "read"])
def test_a_store_that_is_down_is_an_error_frame(fakes: Fakes, route: str) -> None:
    fakes.memory.down = True
    frame = send(fakes, route, {"action": route, **({"id": "1"} if route == "read" else {})})
    assert (frame["type"], frame["status"]) == ("error", 503)


def test_the_first_sync_tells_the_position(fakes: Fakes) -> None:
    assert send(fakes, "sync", {"action": "sync"}) == {"type": "ready", "seq": 0, "unreadCount": 0}
    arrived(fakes, 3)
    assert send(fakes, "sync", {"action": "sync", "ref": "1"}) == {
        "type": "ready",
        "seq": 3,
        "unreadCount": 3,
        "ref": "1",
    }


def test_a_later_sync_brings_what_was_missed(fakes: Fakes) -> None:
    ids = arrived(fakes, 2)
    marked(fakes.deps(), ADA, ids[0], read=True, now=NOON)
    frame = send(fakes, "sync", {"action": "sync", "since": 1})
    events = frame.pop("events")
    assert frame == {
        "type": "sync",
        "seq": 3,
        "unreadCount": 1,
        "recovered": True,
        "more": False,
    }
    assert [(event["type"], event["seq"], event["unreadCount"]) for event in events] == [
        ("notification", 2, 2),
        ("read", 3, 1),
    ]
    assert [item["id"] for item in events[0]["notifications"]] == [ids[1]]
    assert events[0]["notifications"][0]["seq"] == 2
    assert events[1]["ids"] == [ids[0]]


def test_a_sync_shows_contents_as_they_are_now(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    marked(fakes.deps(), ADA, id_, read=True, now=NOON)
    frame = send(fakes, "sync", {"action": "sync", "since": 0})
    assert frame["events"][0]["notifications"][0]["read"] is True


@pytest.mark.parametrize("since", [2, 10, 2**53])
def test_a_sync_with_nothing_to_recover(fakes: Fakes, since: int) -> None:
    arrived(fakes, 2)
    frame = send(fakes, "sync", {"action": "sync", "since": since})
    assert frame["recovered"] is (since == 2)
    assert (frame["events"], frame["seq"], frame["more"]) == ([], 2, False)


def test_a_sync_that_reaches_back_too_far_says_so(fakes: Fakes) -> None:
    arrived(fakes, KEPT + 1)
    assert send(fakes, "sync", {"action": "sync", "since": 1})["recovered"] is True
    frame = send(fakes, "sync", {"action": "sync", "since": 0})
    assert (frame["recovered"], frame["events"], frame["seq"]) == (False, [], KEPT + 1)


def test_much_is_recovered_in_several_frames_that_fit(fakes: Fakes) -> None:
    ids = arrived(fakes, 10, message="x" * 30_000)
    since, seen, frames = 0, [], 0
    more = True
    while more:
        frame = send(fakes, "sync", {"action": "sync", "since": since})
        assert len(json.dumps(frame).encode()) <= FRAME_LIMIT
        assert frame["recovered"]
        assert frame["seq"] == frame["events"][-1]["seq"] == frame["unreadCount"]
        seen += [item["id"] for event in frame["events"] for item in event["notifications"]]
        since, more = frame["seq"], frame["more"]
        frames += 1
    assert seen == ids
    assert frames == 4


def test_reading_is_answered_and_told_to_every_device(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    for device in ("phone=", "laptop="):
        fakes.connections.add(Connection(device, ADA, "https://push.example.com/ws", NOON))
    frame = send(fakes, "read", {"action": "read", "id": id_, "ref": "7"})
    assert frame == {"type": "done", "id": id_, "read": True, "ref": "7"}
    told = fakes.pusher.take()
    assert {device for device, _ in told} == {"phone=", "laptop="}
    assert all((event["type"], event["ids"]) == ("read", [id_]) for _, event in told)
    send(fakes, "read", {"action": "read", "id": id_})
    assert fakes.pusher.take() == []
    undone = send(fakes, "read", {"action": "read", "id": id_, "read": False})
    assert undone == {"type": "done", "id": id_, "read": False}


def test_reading_what_is_somebody_elses_is_not_found(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    frame = send(fakes, "read", {"action": "read", "id": id_, "ref": "7"}, caller=BOB)
    assert frame == {
        "type": "error",
        "status": 404,
        "title": "Not found",
        "detail": "There is no notification with this id in your inbox.",
        "ref": "7",
    }
    assert fakes.inboxes.position(ADA).unread == 1


def test_an_event_that_has_grown_too_large_for_a_frame_is_told_as_a_change(fakes: Fakes) -> None:
    ids = [new_id() for _ in range(50)]
    for id_ in ids:
        fakes.outbox.add(Notification(id_, ADA, "Hello", NOON), NOON)
    fakes.inboxes.append(ids, NOON)
    grown = Change(ChangeKind.REPLACE, content=Content("x" * 4000))
    for id_ in ids:
        fakes.inboxes.change(ADA, [id_], grown, NOON)
    frame = send(fakes, "sync", {"action": "sync", "since": 0})
    assert frame["recovered"] is True
    assert [event["type"] for event in frame["events"][:2]] == ["changed", "updated"]
    assert frame["events"][0]["unreadCount"] == 50
    assert len(json.dumps(frame)) < FRAME_LIMIT
