"""notifications.trace: where is my message?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from belfry.model import Connection, Notification, Role, new_id
from belfry.ports import PushResult
from belfry.sending import DISPATCH_WITHIN
from functions.dispatch import deliver
from functions.notifications import create, trace
from tests.contract.people import mark
from tests.declared import SPEC, validate
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event, queue_event, queue_record


def asked(fakes: Fakes, id_: str, role: Role = Role.ADMIN) -> Answer:
    event = http_event(path=f"/api/notifications/{id_}/trace", id_=id_, caller=BOB, role=role)
    return call(trace.handler, event, fakes.deps())


def traced(fakes: Fakes, id_: str) -> dict[str, Any]:
    answer = asked(fakes, id_)
    assert answer.status == 200
    validate(SPEC["components"]["schemas"]["Trace"], answer.body)
    body: dict[str, Any] = answer.body
    return body


def posted(fakes: Fakes) -> str:
    body = {"userId": ADA, "message": "Hello"}
    event = http_event("POST", "/api/notifications", body=body, caller=BOB, role=Role.ADMIN)
    id_: str = call(create.handler, event, fakes.deps()).body["id"]
    return id_


def deliver_what_was_queued(fakes: Fakes) -> None:
    records = [
        queue_record(message.body, {n: v for n, v in message.headers.items() if isinstance(v, int)})
        for message in fakes.queue.take()
        if message.queue != "belfry.dead"
    ]
    deliver.handler.using(fakes.deps())(queue_event(*records), None)


def open_socket(fakes: Fakes, id_: str = "phone=", result: PushResult = PushResult.DONE) -> None:
    connection = Connection(id_, ADA, "https://push.example.com/ws", NOON - timedelta(hours=1))
    fakes.connections.add(connection)
    fakes.pusher.results[id_] = result


def names(body: dict[str, Any]) -> Sequence[str]:
    return [step["step"] for step in body["steps"]]


def test_what_was_only_stored_says_what_it_waits_for(fakes: Fakes) -> None:
    id_ = posted(fakes)
    assert traced(fakes, id_) == {
        "id": id_,
        "userId": ADA,
        "state": "queued",
        "where": "Stored, and not yet attempted. Unless it is dispatched before "
        "2026-01-05T12:00:15.000Z, the sweep queues it again.",
        "steps": [{"step": "accepted", "at": "2026-01-05T12:00:00.000Z"}],
    }


def test_the_whole_way_is_told_in_the_order_of_time(fakes: Fakes) -> None:
    open_socket(fakes, "phone=", PushResult.LATER)
    open_socket(fakes, "laptop=")
    id_ = posted(fakes)
    fakes.clock.advance(1)
    deliver_what_was_queued(fakes)
    fakes.pusher.results["phone="] = PushResult.DONE
    fakes.clock.advance(1)
    deliver_what_was_queued(fakes)
    fakes.clock.advance(1)
    fakes.notifications.acknowledge(ADA, [id_], fakes.clock())
    fakes.clock.advance(1)
    mark(fakes.deps(), ADA, id_, read=True, now=fakes.clock())
    body = traced(fakes, id_)
    counts = {"gone": 0, "refused": 0}
    error = {"error": "1 of 2 devices could not be reached"}
    assert body["steps"] == [
        {"step": "accepted", "at": "2026-01-05T12:00:00.000Z"},
        {"step": "queued", "at": "2026-01-05T12:00:00.000Z", "by": "api"},
        {"step": "attempt", "at": "2026-01-05T12:00:01.000Z", "number": 1}
        | counts
        | {"pushed": 1, "failed": 1, **error},
        {"step": "queued", "at": "2026-01-05T12:00:01.000Z", "by": "retry"},
        {"step": "attempt", "at": "2026-01-05T12:00:02.000Z", "number": 2}
        | counts
        | {"pushed": 2, "failed": 0},
        {"step": "dispatched", "at": "2026-01-05T12:00:02.000Z"},
        {"step": "acknowledged", "at": "2026-01-05T12:00:03.000Z"},
        {"step": "read", "at": "2026-01-05T12:00:04.000Z"},
    ]
    assert body["where"] == "Read."


def test_a_push_that_is_to_be_tried_again_says_so(fakes: Fakes) -> None:
    open_socket(fakes, result=PushResult.LATER)
    id_ = posted(fakes)
    deliver_what_was_queued(fakes)
    assert traced(fakes, id_)["where"].startswith(
        "In the inbox. It waits to be pushed again after a push that failed. "
    )


def test_what_was_given_up_and_redriven_keeps_its_past(fakes: Fakes) -> None:
    open_socket(fakes, result=PushResult.LATER)
    id_ = posted(fakes)
    for _ in range(4):
        deliver_what_was_queued(fakes)
    body = traced(fakes, id_)
    assert (body["state"], names(body)[-2:]) == ("failed", ["attempt", "given-up"])
    assert "see the dead letters" in body["where"]
    fakes.outbox.reopen([id_], fakes.clock() + DISPATCH_WITHIN)
    body = traced(fakes, id_)
    assert (body["state"], names(body)[-1]) == ("queued", "given-up")
    assert "as an administrator wants" in body["where"]


@pytest.mark.parametrize(
    ("devices", "where"),
    [
        ([], "In the inbox. Nobody was connected; a device gets it when it connects."),
        (
            [PushResult.GONE],
            "In the inbox. No open device took it; a device gets it when it connects again.",
        ),
        ([PushResult.DONE], "In the inbox. Pushed to 1 device, and not acknowledged yet."),
        (
            [PushResult.DONE, PushResult.DONE],
            "In the inbox. Pushed to 2 devices, and not acknowledged yet.",
        ),
    ],
)
def test_what_was_dispatched_says_to_whom(
    fakes: Fakes, devices: Sequence[PushResult], where: str
) -> None:
    for number, result in enumerate(devices):
        open_socket(fakes, f"{number}=", result)
    id_ = posted(fakes)
    deliver_what_was_queued(fakes)
    assert traced(fakes, id_)["where"] == where


def test_what_a_device_has_shown_says_so(fakes: Fakes) -> None:
    id_ = posted(fakes)
    deliver_what_was_queued(fakes)
    fakes.notifications.acknowledge(ADA, [id_], fakes.clock())
    body = traced(fakes, id_)
    assert body["where"] == "Shown on a device, which has acknowledged it, and not read yet."


def test_what_was_dispatched_before_there_were_traces_has_one_too(fakes: Fakes) -> None:
    id_ = new_id()
    fakes.outbox.add(Notification(id_, ADA, "Hello", NOON), NOON)
    fakes.outbox.settle([id_])
    body = traced(fakes, id_)
    assert (body["state"], names(body)) == ("dispatched", ["accepted"])
    assert body["where"] == "In the inbox. It was dispatched."


def test_nothing_of_the_content_is_told(fakes: Fakes) -> None:
    assert "Hello" not in str(traced(fakes, posted(fakes)))


def test_only_administrators_may_ask(fakes: Fakes) -> None:
    assert asked(fakes, posted(fakes), Role.USER).status == 403


def test_an_unknown_notification_is_not_found(fakes: Fakes) -> None:
    answer = asked(fakes, "nothing")
    assert (answer.status, answer.body["type"]) == (404, "urn:belfry:problem:not-found")
