"""realtime.ack: a device says what it has shown; nobody is answered unless it is malformed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from belfry.model import Notification, new_id
from functions.realtime import ack
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, frame_of, websocket_event


def send(fakes: Fakes, body: Any, caller: str = ADA) -> dict[str, Any]:
    answer = ack.handler.using(fakes.deps())(websocket_event(body, caller=caller), None)
    assert isinstance(answer, dict)
    return answer


def sent(fakes: Fakes, user_id: str = ADA) -> str:
    notification = Notification(new_id(), user_id, "Hello", NOON)
    fakes.outbox.add(notification, NOON)
    return notification.id


def acknowledged(fakes: Fakes, id_: str) -> datetime | None:
    history = fakes.notifications.history(id_)
    assert history
    return history.acknowledged_at


def test_what_is_acknowledged_is_marked_and_not_answered(fakes: Fakes) -> None:
    ids = [sent(fakes) for _ in range(100)]
    left = sent(fakes)
    assert send(fakes, {"action": "ack", "ids": ids, "ref": "7"}) == {"statusCode": 200}
    assert {acknowledged(fakes, id_) for id_ in ids} == {NOON}
    assert acknowledged(fakes, left) is None


def test_the_first_time_counts(fakes: Fakes) -> None:
    id_ = sent(fakes)
    for _ in range(2):
        send(fakes, {"action": "ack", "ids": [id_, id_]})
        fakes.clock.advance(1)
    assert acknowledged(fakes, id_) == NOON


def test_what_is_not_the_callers_is_left_out_silently(fakes: Fakes) -> None:
    bobs, own = sent(fakes, BOB), sent(fakes)
    assert send(fakes, {"action": "ack", "ids": [bobs, "nothing", own]}) == {"statusCode": 200}
    assert acknowledged(fakes, bobs) is None
    assert acknowledged(fakes, own) == NOON


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/ids"),
        ({"ids": []}, "/ids"),
        ({"ids": ["1"] * 101}, "/ids"),
        ({"ids": "1"}, "/ids"),
        ({"ids": None}, "/ids"),
        ({"ids": {"0": "1"}}, "/ids"),
        ({"ids": ["1", ""]}, "/ids/1"),
        ({"ids": ["x" * 65]}, "/ids/0"),
        ({"ids": [1]}, "/ids/0"),
        ({"ids": ["\0"]}, "/ids/0"),
        ({"ids": [{"$gt": ""}]}, "/ids/0"),
        ({"ids": ["1"], "x": 1}, "/x"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_field_against_the_rules_is_named(
    fakes: Fakes, body: dict[str, Any], pointer: str
) -> None:
    frame = frame_of(send(fakes, {"action": "ack", "ref": "7", **body}))
    assert (frame["type"], frame["status"], frame["ref"]) == ("error", 400, "7")
    assert [error["pointer"] for error in frame["errors"]] == [pointer]


@pytest.mark.parametrize("body", ["", "{", "[]", '{"action": "ack", "ids": ["\\ud800"]}'])
def test_a_broken_frame_is_an_error_frame(fakes: Fakes, body: str) -> None:
    frame = frame_of(send(fakes, body))
    assert (frame["type"], frame["status"]) == ("error", 400)


def test_a_store_that_is_down_is_an_error_frame(fakes: Fakes) -> None:
    fakes.memory.down = True
    frame = frame_of(send(fakes, {"action": "ack", "ids": ["1"]}))
    assert (frame["type"], frame["status"]) == ("error", 503)
