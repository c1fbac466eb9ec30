"""dead_letters.*: an administrator looks at what was given up, redrives it, drops it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from belfry.dead_letters import REDRIVE_LIMIT
from belfry.function import Function
from belfry.model import DeadLetter, DeadReason, DeliveryState, Notification, Role, new_id
from belfry.ports import Message
from belfry.sending import DISPATCH_WITHIN
from belfry.topology import delivery_queue
from functions.dead_letters import drop, get, redrive, redrive_all
from functions.dead_letters import list as list_
from tests.fakes import NOON, FakeQueue, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event

Handler = Function[dict[str, Any]]
HANDLERS: dict[str, Handler] = {
    "list": list_.handler,
    "get": get.handler,
    "redrive": redrive.handler,
    "redrive_all": redrive_all.handler,
    "drop": drop.handler,
}
ORIGIN = "belfry.deliver.1"
SHOWN = 64 * 1024


def ask(fakes: Fakes, handler: Handler, **request: Any) -> Answer:
    event = http_event("GET", "/api/dead-letters", caller=BOB, **{"role": Role.ADMIN, **request})
    return call(handler, event, fakes.deps())


def buried(fakes: Fakes, body: bytes = b"?", **fields: Any) -> DeadLetter:
    id_ = new_id()
    known: dict[str, Any] = {
        "id": id_,
        "fingerprint": id_,
        "queue": ORIGIN,
        "reason": DeadReason.UNREADABLE,
        "error": "the body is not JSON",
        "attempts": 0,
        "first_at": NOON,
        "last_at": NOON,
        "size": len(body),
        "body": body,
    }
    letter = DeadLetter(**known | fields)
    fakes.dead_letters.bury([letter])
    return letter


def given_up(fakes: Fakes, user_id: str = ADA) -> DeadLetter:
    """The dead letter of a notification that is in the inbox."""
    notification = Notification(new_id(), user_id, "Hello", NOON)
    fakes.outbox.add(notification, dispatch_by=NOON)
    fakes.outbox.give_up([notification.id], "no use")
    return buried(
        fakes,
        json.dumps({"notificationId": notification.id}).encode(),
        reason=DeadReason.PUSH_FAILED,
        notification_id=notification.id,
        user_id=user_id,
    )


def left(fakes: Fakes) -> list[str]:
    return list(fakes.memory.tables.dead_letters)


def ids_of(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.body["items"]]


@pytest.mark.parametrize("name", HANDLERS)
def test_only_administrators_may(fakes: Fakes, name: str) -> None:
    letter = buried(fakes)
    answer = ask(fakes, HANDLERS[name], role=Role.USER, id_=letter.id)
    assert (answer.status, answer.body["type"]) == (403, "urn:belfry:problem:forbidden")
    assert left(fakes) == [letter.id]
    assert fakes.queue.published == []


@pytest.mark.parametrize("name", HANDLERS)
def test_a_store_that_is_down_is_503(fakes: Fakes, name: str) -> None:
    fakes.memory.down = True
    assert ask(fakes, HANDLERS[name], id_=new_id()).status == 503


@pytest.mark.parametrize("name", ["get", "redrive", "drop"])
@pytest.mark.parametrize("id_", ["unknown", "", "\0", '{"$gt": ""}', "x" * 10_000])
def test_an_unknown_id_is_not_found(fakes: Fakes, name: str, id_: str) -> None:
    answer = ask(fakes, HANDLERS[name], id_=id_)
    assert (answer.status, answer.body["type"]) == (404, "urn:belfry:problem:not-found")


def test_the_list_tells_the_newest_first_without_their_content(fakes: Fakes) -> None:
    older = buried(fakes, b"secret")
    newer = given_up(fakes)
    answer = ask(fakes, list_.handler)
    assert ids_of(answer) == [newer.id, older.id]
    assert answer.body["nextCursor"] is None
    assert answer.body["items"][0] == {
        "id": newer.id,
        "queue": ORIGIN,
        "reason": "push-failed",
        "error": "the body is not JSON",
        "attempts": 0,
        "times": 1,
        "firstAt": "2026-01-05T12:00:00.000Z",
        "lastAt": "2026-01-05T12:00:00.000Z",
        "buriedAt": answer.body["items"][0]["buriedAt"],
        "bodyBytes": newer.size,
        "notificationId": newer.notification_id,
        "userId": ADA,
    }


def test_the_links_lead_through_all_pages_of_a_filter_and_end(fakes: Fakes) -> None:
    ids = [given_up(fakes).id for _ in range(7)]
    given_up(fakes, BOB)
    buried(fakes)
    since = "2026-01-01T00:00:00+01:00"
    query = {"limit": "3", "userId": ADA, "reason": "push-failed", "since": since}
    seen: list[str] = []
    pages = 0
    while query:
        answer = ask(fakes, list_.handler, query=query)
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


def test_a_time_chooses_by_when_it_was_buried(fakes: Fakes) -> None:
    letter = buried(fakes)
    at = letter.buried_at

    def listed(**query: datetime) -> list[str]:
        texts = {name: moment.isoformat() for name, moment in query.items()}
        return ids_of(ask(fakes, list_.handler, query=texts))

    millisecond = timedelta(milliseconds=1)
    assert listed(since=at) == listed(until=at + millisecond) == [letter.id]
    assert listed(since=at + millisecond) == listed(until=at) == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "41"}, "cursor"),
        ({"reason": "because"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"userId": ""}, "userId"),
        ({"userId": "x" * 65}, "userId"),
        ({"user_id": "ada"}, "user_id"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-05T12:00:00"}, "since"),
        ({"until": "2026-13-05T12:00:00Z"}, "until"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(
    fakes: Fakes, query: dict[str, str], name: str
) -> None:
    answer = ask(fakes, list_.handler, query=query)
    assert (answer.status, answer.pointers()) == (400, [name])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_times_at_the_ends_of_the_calendar_are_taken(fakes: Fakes, moment: str) -> None:
    for name in ("since", "until"):
        assert ask(fakes, list_.handler, query={name: moment}).status == 200


def test_one_is_shown_with_its_message_and_what_became_of_its_notification(fakes: Fakes) -> None:
    letter = given_up(fakes)
    answer = ask(fakes, get.handler, id_=letter.id)
    assert answer.status == 200
    assert json.loads(answer.body["body"]) == {"notificationId": letter.notification_id}
    assert answer.body["deliveryState"] == "failed"
    assert (answer.body["bodyEncoding"], answer.body["bodyIsCut"]) == ("utf-8", False)
    assert answer.body["headers"] == {}


def test_one_without_a_notification_has_no_delivery_state(fakes: Fakes) -> None:
    unknown = buried(fakes, notification_id="unknown")
    for letter in (buried(fakes), unknown):
        assert "deliveryState" not in ask(fakes, get.handler, id_=letter.id).body


@pytest.mark.parametrize(
    ("body", "shown", "encoding"),
    [
        (b"", "", "utf-8"),
        ("grün ✓ \0".encode(), "grün ✓ \0", "utf-8"),
        (b"\xff\0", base64.b64encode(b"\xff\0").decode(), "base64"),
        (b"ends within \xc3", base64.b64encode(b"ends within \xc3").decode(), "base64"),
        (b"x" * SHOWN, "x" * SHOWN, "utf-8"),
        (b"x" * (SHOWN + 1), "x" * SHOWN, "utf-8"),
        (b"x" + "ü".encode() * SHOWN, "x" + "ü" * ((SHOWN - 1) // 2), "utf-8"),
        (b"\xff" * 5_000_000, base64.b64encode(b"\xff" * SHOWN).decode(), "base64"),
    ],
    ids=range(8),
)
def test_a_body_of_any_kind_is_shown(fakes: Fakes, body: bytes, shown: str, encoding: str) -> None:
    answer = ask(fakes, get.handler, id_=buried(fakes, body).id).body
    assert (answer["body"], answer["bodyEncoding"]) == (shown, encoding)
    assert (answer["bodyBytes"], answer["bodyIsCut"]) == (len(body), len(body) > SHOWN)


def test_redriving_a_notification_sends_it_as_if_it_were_new(fakes: Fakes) -> None:
    letter = given_up(fakes)
    answer = ask(fakes, redrive.handler, id_=letter.id)
    assert (answer.status, answer.body) == (200, {"redriven": 1})
    [message] = fakes.queue.take()
    assert message.queue == delivery_queue(ADA)
    assert json.loads(message.body)["notificationId"] == letter.notification_id
    assert json.loads(message.body)["by"] == "redrive"
    assert (message.headers, message.delay) == ({}, 0)
    row = fakes.memory.tables.notifications[str(letter.notification_id)]
    assert (row.state, row.failure) == (DeliveryState.QUEUED, None)
    assert row.dispatch_by == NOON + DISPATCH_WITHIN
    assert left(fakes) == []


@pytest.mark.parametrize(
    ("queue", "to"),
    [(ORIGIN, ORIGIN), ("belfry.dead", "belfry.deliver.0"), ("else", "belfry.deliver.0")],
)
def test_redriving_anything_else_sends_what_came_to_where_it_was(
    fakes: Fakes, queue: str, to: str
) -> None:
    past = {"x-death": "[]", "x-first-death-queue": "a", "x-delivery-count": 20, "CC": "[]"}
    headers: dict[str, Any] = {"x-source": "billing", **past}
    letter = buried(fakes, b"\xff", queue=queue, headers=headers, notification_id="unknown")
    assert ask(fakes, redrive.handler, id_=letter.id).status == 200
    assert fakes.queue.take() == [Message(to, b"\xff", {"x-source": "billing"})]
    assert left(fakes) == []


@pytest.mark.parametrize("handler", [redrive.handler, redrive_all.handler])
def test_with_the_queue_down_it_stays(fakes: Fakes, handler: Handler) -> None:
    letter = given_up(fakes)
    fakes.queue.down = True
    answer = ask(fakes, handler, id_=letter.id)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert left(fakes) == [letter.id]
    fakes.queue.down = False
    assert ask(fakes, handler, id_=letter.id).status == 200
    assert left(fakes) == []


class _DeadlyQueue(FakeQueue):
    """What is published dies again at once."""

    def __init__(self, fakes: Fakes, letter: DeadLetter) -> None:
        super().__init__()
        self._fakes = fakes
        self._again = replace(letter, id=new_id(), last_at=letter.last_at + timedelta(seconds=1))

    def publish(self, messages: Any) -> None:
        super().publish(messages)
        self._fakes.dead_letters.bury([self._again])


@pytest.mark.parametrize("handler", [redrive.handler, redrive_all.handler])
def test_what_dies_again_while_it_is_redriven_stays(fakes: Fakes, handler: Handler) -> None:
    letter = buried(fakes)
    fakes.queue = _DeadlyQueue(fakes, letter)
    assert ask(fakes, handler, id_=letter.id).status == 200
    assert left(fakes) == [letter.id]
    assert fakes.memory.tables.dead_letters[letter.id].times == 2
    assert len(fakes.queue.published) == 1


def test_what_was_not_kept_whole_is_not_redriven(fakes: Fakes) -> None:
    letter = buried(fakes, size=20_000_000)
    good = buried(fakes)
    answer = ask(fakes, redrive.handler, id_=letter.id)
    assert (answer.status, answer.body["type"]) == (413, "urn:belfry:problem:too-large")
    assert ask(fakes, redrive_all.handler).body == {"redriven": 1, "remaining": 1}
    assert left(fakes) == [letter.id]
    assert good.id not in left(fakes)


def test_all_that_match_are_redriven(fakes: Fakes) -> None:
    given_up(fakes, BOB)
    adas = [given_up(fakes) for _ in range(3)]
    other = buried(fakes, user_id=ADA)
    body = {"userId": ADA, "reason": "push-failed"}
    answer = ask(fakes, redrive_all.handler, body=body)
    assert (answer.status, answer.body) == (200, {"redriven": 3, "remaining": 0})
    sent = [json.loads(message.body)["notificationId"] for message in fakes.queue.take()]
    assert sent == [letter.notification_id for letter in adas]
    assert len(left(fakes)) == 2
    assert other.id in left(fakes)
    assert ask(fakes, redrive_all.handler).body == {"redriven": 2, "remaining": 0}


def test_one_call_takes_the_oldest_of_many_and_says_how_many_remain(fakes: Fakes) -> None:
    ids = [buried(fakes).id for _ in range(REDRIVE_LIMIT + 5)]
    answer = ask(fakes, redrive_all.handler)
    assert answer.body == {"redriven": REDRIVE_LIMIT, "remaining": 5}
    assert left(fakes) == ids[-5:]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "because"}, "/reason"),
        ({"reason": 1}, "/reason"),
        ({"reason": {"$gt": ""}}, "/reason"),
        ({"userId": ""}, "/userId"),
        ({"since": "yesterday"}, "/since"),
        ({"since": 1}, "/since"),
        ({"limit": 5}, "/limit"),
        ("[]", ""),
        ("{", ""),
    ],
)
def test_a_filter_that_makes_no_sense_redrives_nothing(
    fakes: Fakes, body: Any, pointer: str
) -> None:
    letter = buried(fakes)
    answer = ask(fakes, redrive_all.handler, body=body)
    assert (answer.status, answer.pointers()) == (400, [pointer])
    assert left(fakes) == [letter.id]


def test_dropping_forgets_one_and_leaves_its_notification(fakes: Fakes) -> None:
    letter, other = given_up(fakes), buried(fakes)
    assert ask(fakes, drop.handler, id_=letter.id).status == 204
    assert left(fakes) == [other.id]
    row = fakes.memory.tables.notifications[str(letter.notification_id)]
    assert row.state is DeliveryState.FAILED
    assert ask(fakes, drop.handler, id_=letter.id).status == 404
