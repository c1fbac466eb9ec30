"""notifications.list, .get and .mark: a person and their inbox."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.model import Connection, Notification, new_id
from belfry.ports import PushResult
from functions.notifications import get, mark
from functions.notifications import list as list_
from tests.contract.people import mark as marked
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event


def arrived(fakes: Fakes, count: int = 1, user_id: str = ADA) -> list[str]:
    """The ids of notifications in an inbox, oldest first."""
    ids = [new_id() for _ in range(count)]
    for id_ in ids:
        fakes.outbox.add(Notification(id_, user_id, "Hello", NOON), NOON)
        fakes.inboxes.append([id_], NOON)
    return ids


def open_socket(fakes: Fakes, id_: str, user_id: str = ADA) -> None:
    fakes.connections.add(Connection(id_, user_id, "https://push.example.com/ws", NOON))


def list_page(fakes: Fakes, query: dict[str, str] | None = None) -> Answer:
    return call(list_.handler, http_event("GET", "/api/notifications", query=query), fakes.deps())


def put(fakes: Fakes, id_: str, body: Any = None, caller: str = ADA) -> Answer:
    event = http_event("PUT", f"/api/notifications/{id_}", body=body, id_=id_, caller=caller)
    return call(mark.handler, event, fakes.deps())


def ids_of(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.body["items"]]


def test_an_empty_inbox_is_an_empty_page(fakes: Fakes) -> None:
    answer = list_page(fakes)
    assert answer.status == 200
    assert answer.body == {"items": [], "nextCursor": None, "unreadCount": 0}
    assert "link" not in answer.headers


def test_ten_of_the_callers_own_come_newest_first(fakes: Fakes) -> None:
    ids = arrived(fakes, 12)
    arrived(fakes, 1, BOB)
    answer = list_page(fakes)
    assert ids_of(answer) == ids[:1:-1]
    assert answer.body["unreadCount"] == 12


@pytest.mark.parametrize("query", [{"limit": "3"}, {"limit": "3", "unread": "true"}])
def test_the_links_lead_through_all_pages_and_end(fakes: Fakes, query: dict[str, str]) -> None:
    ids = arrived(fakes, 9)
    seen = []
    pages = 0
    while query:
        answer = list_page(fakes, query)
        seen += ids_of(answer)
        pages += 1
        query = {}
        if link := answer.headers.get("link"):
            target, rel = link.split("; ")
            assert rel == 'rel="next"'
            query = dict(parse_qsl(urlsplit(target.strip("<>")).query))
            assert query["cursor"] == answer.body["nextCursor"]
    assert seen == ids[::-1]
    assert pages == 3


@given(st.integers(0, 25), st.integers(1, 12), st.sampled_from([None, "true", "false"]))
def test_pages_of_any_size_together_are_the_list(
    count: int, limit: int, unread: str | None
) -> None:
    fakes = Fakes()
    ids = arrived(fakes, count)
    for id_ in ids[::3]:
        marked(fakes.deps(), ADA, id_, read=True, now=NOON)
    chosen = {"true": set(ids) - set(ids[::3]), "false": set(ids[::3]), None: set(ids)}[unread]
    query = {"limit": str(limit)} | ({"unread": unread} if unread else {})
    seen: list[str] = []
    for _ in range(count + 2):
        answer = list_page(fakes, query)
        assert 0 < len(answer.body["items"]) <= limit or not chosen
        seen += ids_of(answer)
        if answer.body["nextCursor"] is None:
            break
        query["cursor"] = answer.body["nextCursor"]
    assert seen == sorted(chosen, reverse=True)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "1,2"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"limit": "NaN"}, "limit"),
        ({"limit": "\0"}, "limit"),
        ({"unread": "maybe"}, "unread"),
        ({"unread": ""}, "unread"),
        ({"unread": '{"$gt": ""}'}, "unread"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "41"}, "cursor"),
        ({"cursor": "\0"}, "cursor"),
        ({"cursor": "ü"}, "cursor"),
        ({"cursor": '{"$gt": ""}'}, "cursor"),
        ({"cursor": "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"}, "cursor"),
        ({"cursor": "x" * 65}, "cursor"),
        ({"page": "2"}, "page"),
        ({"limit[$gt]": "1"}, "limit[$gt]"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(
    fakes: Fakes, query: dict[str, str], name: str
) -> None:
    answer = list_page(fakes, query)
    assert (answer.status, answer.pointers()) == (400, [name])


@given(st.text(max_size=70))
def test_any_text_as_a_cursor_is_answered(cursor: str) -> None:
    assert list_page(Fakes(), {"cursor": cursor}).status in {200, 400}


def test_one_is_shown_with_its_number(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    event = http_event("GET", f"/api/notifications/{id_}", id_=id_)
    answer = call(get.handler, event, fakes.deps())
    assert answer.status == 200
    assert answer.body == {
        "id": id_,
        "userId": ADA,
        "message": "Hello",
        "priority": 3,
        "read": False,
        "archived": False,
        "pinned": False,
        "createdAt": "2026-01-05T12:00:00.000Z",
        "arrivedAt": "2026-01-05T12:00:00.000Z",
        "seq": 1,
    }


@pytest.mark.parametrize("id_", ["unknown", "", "\0", "$ne", '{"$gt": ""}', "x" * 10_000, "🎉"])
def test_an_unknown_id_is_not_found(fakes: Fakes, id_: str) -> None:
    event = http_event("GET", "/api/notifications/x", id_=id_)
    assert call(get.handler, event, fakes.deps()).status == 404
    assert put(fakes, id_).status == 404


def test_somebody_elses_is_as_if_it_were_not_there(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    shown = call(get.handler, http_event(path="/x", id_=id_, caller=BOB), fakes.deps())
    unknown = call(get.handler, http_event(path="/x", id_="unknown", caller=BOB), fakes.deps())
    assert shown == unknown
    assert put(fakes, id_, caller=BOB).status == 404
    assert fakes.inboxes.position(ADA).unread == 1


@pytest.mark.parametrize("body", [None, {}, {"read": True}])
def test_marking_reads_it_and_every_device_is_told(fakes: Fakes, body: Any) -> None:
    [id_] = arrived(fakes)
    for device in ("phone=", "laptop="):
        open_socket(fakes, device)
    open_socket(fakes, "bobs=", BOB)
    fakes.clock.advance(60)
    answer = put(fakes, id_, body)
    assert answer.status == 200
    assert (answer.body["read"], answer.body["readAt"]) == (True, "2026-01-05T12:01:00.000Z")
    told = {
        "type": "read",
        "seq": 2,
        "at": "2026-01-05T12:01:00.000Z",
        "unreadCount": 0,
        "ids": [id_],
    }
    assert fakes.pusher.take() == [("phone=", told), ("laptop=", told)]


def test_marking_twice_tells_once(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    open_socket(fakes, "phone=")
    first = put(fakes, id_)
    fakes.clock.advance(60)
    assert put(fakes, id_) == first
    assert len(fakes.pusher.frames) == 1
    assert fakes.inboxes.position(ADA).seq == 2


def test_marking_as_unread_again(fakes: Fakes) -> None:
    [id_] = arrived(fakes)
    put(fakes, id_)
    open_socket(fakes, "phone=")
    answer = put(fakes, id_, {"read": False})
    assert answer.body["read"] is False
    assert "readAt" not in answer.body
    [(_, frame)] = fakes.pusher.take()
    assert (frame["type"], frame["seq"], frame["unreadCount"]) == ("unread", 3, 1)


@pytest.mark.parametrize("result", list(PushResult))
def test_a_device_that_cannot_be_told_does_not_fail_the_marking(
    fakes: Fakes, result: PushResult
) -> None:
    [id_] = arrived(fakes)
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = result
    fakes.clock.advance(60)
    assert put(fakes, id_).status == 200
    remembered = list(fakes.connections.of_users([ADA]))
    assert (remembered == []) is (result is PushResult.GONE)


def test_a_page_of_the_largest_fits_what_lambda_may_answer(fakes: Fakes) -> None:
    largest = "\U0001f514" * 8000
    for _ in range(100):
        item = Notification(new_id(), ADA, largest, NOON)
        fakes.outbox.add(item, NOON)
        fakes.inboxes.append([item.id], NOON)
    answer = list_page(fakes, {"limit": "100"})
    assert len(json.dumps(answer.body)) < 5_000_000
    assert 40 < len(answer.body["items"]) < 100
    assert answer.body["nextCursor"].endswith(answer.body["items"][-1]["id"])
