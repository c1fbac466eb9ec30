"""notifications.create: once it answers 201 the notification is safe."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from belfry.model import Role
from belfry.sending import DISPATCH_WITHIN
from belfry.topology import delivery_queue
from functions.notifications import create
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event

FULL = {
    "userId": ADA,
    "title": "Build finished",
    "message": "main is green again 🎉",
    "category": "builds",
    "priority": 5,
    "link": "https://ci.example.com/builds/42?a=b#c",
    "data": {"build": 42, "$set": {"a.b": [1, 2.5, None, True]}, "": "\0", "big": 10**40},
}


def create_one(fakes: Fakes, body: Any) -> Answer:
    event = http_event("POST", "/api/notifications", body=body, caller=BOB, role=Role.ADMIN)
    return call(create.handler, event, fakes.deps())


def test_it_is_stored_queued_and_answered_with_its_address(fakes: Fakes) -> None:
    answer = create_one(fakes, FULL)
    assert answer.status == 201
    id_ = answer.body["id"]
    assert answer.headers["location"] == f"/api/notifications/{id_}"
    assert answer.body == {
        **FULL,
        "id": id_,
        "read": False,
        "archived": False,
        "pinned": False,
        "createdAt": "2026-01-05T12:00:00.000Z",
        "arrivedAt": "2026-01-05T12:00:00.000Z",
    }
    row = fakes.memory.tables.notifications[id_]
    assert row.dispatch_by == NOON + DISPATCH_WITHIN
    assert row.notification.data == FULL["data"]
    [message] = fakes.queue.published
    assert message.queue == delivery_queue(ADA)
    assert json.loads(message.body) == {
        "notificationId": id_,
        "queuedAt": "2026-01-05T12:00:00.000Z",
        "by": "api",
    }
    assert (message.headers, message.delay) == ({}, 0)


def test_what_is_left_out_is_left_out(fakes: Fakes) -> None:
    answer = create_one(fakes, {"userId": ADA, "message": "Hello"})
    always = {"id", "userId", "message", "priority", "read", "archived", "pinned"}
    assert set(answer.body) == always | {"createdAt", "arrivedAt"}
    assert answer.body["priority"] == 3


@pytest.mark.parametrize(
    "link", ["/", "/builds/42", "http://x", "HTTPS://x.example.com", "https://x/ü"]
)
def test_links_that_lead_somewhere(fakes: Fakes, link: str) -> None:
    answer = create_one(fakes, {"userId": ADA, "message": "Hello", "link": link})
    assert (answer.status, answer.body.get("link")) == (201, link)


def test_content_as_large_as_it_may_be(fakes: Fakes) -> None:
    around = len('{"message":"","priority":3}')
    for size, status in ((32_768 - around, 201), (32_768 - around + 1, 400)):
        assert create_one(fakes, {"userId": ADA, "message": "x" * size}).status == status


def test_an_unknown_recipient_is_named_and_nothing_is_stored(fakes: Fakes) -> None:
    answer = create_one(fakes, {"userId": "nobody", "message": "Hello"})
    assert (answer.status, answer.body["type"]) == (422, "urn:belfry:problem:unknown-recipient")
    assert answer.pointers() == ["/userId"]
    assert fakes.memory.tables.notifications == {}
    assert fakes.queue.published == []


def test_a_queue_that_is_down_is_no_failure_and_the_sweep_makes_up_for_it(fakes: Fakes) -> None:
    fakes.queue.down = True
    answer = create_one(fakes, {"userId": ADA, "message": "Hello"})
    assert answer.status == 201
    later = NOON + timedelta(seconds=15)
    claimed = fakes.outbox.claim(later, later, 10)
    assert [each.id for each in claimed] == [answer.body["id"]]
