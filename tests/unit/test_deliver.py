"""dispatch.deliver: a batch of the queue, brought into inboxes and onto devices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from belfry.delivery import AT_ONCE
from belfry.devices import HANDSHAKE
from belfry.errors import QueueUnavailable, StoreUnavailable
from belfry.history import Attempt, QueuedBy
from belfry.model import Connection, DeliveryState, Notification, new_id
from belfry.ports import Message, PushResult
from belfry.sending import DISPATCH_WITHIN
from belfry.topology import FAN_OUT, delivery_queue
from functions.dispatch import deliver
from tests.fakes import NOON, Fakes, Row
from tests.unit.events import ADA, BOB, Event, queue_event, queue_record

DEAD = "belfry.dead"
READABLE = b'{"notificationId": "1"}'
NO_COUNT = "the header x-retry-attempts is not a count of retries"
AT_NOON = "2026-01-05T12:00:00.000Z"
FRAME_LIMIT = 128 * 1024


def sent(fakes: Fakes, user_id: str = ADA, message: str = "Hello") -> str:
    notification = Notification(new_id(), user_id, message, fakes.clock())
    fakes.outbox.add(notification, dispatch_by=fakes.clock() + DISPATCH_WITHIN)
    return notification.id


def open_socket(fakes: Fakes, id_: str, user_id: str = ADA, *, age: float = 3600) -> None:
    since = fakes.clock() - timedelta(seconds=age)
    fakes.connections.add(Connection(id_, user_id, "https://push.example.com/ws", since))


def record(id_: Any, attempts: int | None = None) -> Event:
    headers = {} if attempts is None else {"x-retry-attempts": attempts}
    return queue_record({"notificationId": id_}, headers)


def text(value: str | bytes) -> dict[str, list[int]]:
    """A text among the headers of an event."""
    return {"bytes": list(value.encode() if isinstance(value, str) else value)}


def run(fakes: Fakes, *records: Event) -> None:
    deliver.handler.using(fakes.deps())(queue_event(*records), None)


def row(fakes: Fakes, id_: str) -> Row:
    return fakes.memory.tables.notifications[id_]


def reasons(messages: Sequence[Message]) -> list[Any]:
    """Why they died: for programs and for people."""
    assert {message.queue for message in messages} <= {DEAD}
    return [(m.headers["x-dead-reason"], m.headers["x-dead-error"]) for m in messages]


def test_a_notification_reaches_every_device_of_its_person_and_no_other(fakes: Fakes) -> None:
    for device, user_id in (("phone=", ADA), ("laptop=", ADA), ("bobs=", BOB)):
        open_socket(fakes, device, user_id)
    id_ = sent(fakes)
    run(fakes, record(id_))
    frame = {
        "type": "notification",
        "seq": 1,
        "at": "2026-01-05T12:00:00.000Z",
        "unreadCount": 1,
        "notifications": [
            {
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
        ],
    }
    assert fakes.pusher.take() == [("phone=", frame), ("laptop=", frame)]
    assert (row(fakes, id_).state, row(fakes, id_).dispatch_by) == ("dispatched", None)
    assert fakes.queue.published == []


def test_without_an_open_device_it_waits_in_the_inbox(fakes: Fakes) -> None:
    id_ = sent(fakes)
    run(fakes, record(id_))
    assert fakes.pusher.frames == []
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    assert fakes.inboxes.position(ADA).unread == 1


def test_a_batch_travels_in_one_frame_per_device(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    open_socket(fakes, "bobs=", BOB)
    ids = [sent(fakes) for _ in range(50)]
    bobs = sent(fakes, BOB)
    run(fakes, *[record(id_) for id_ in [*ids[::-1], bobs]])
    frames = dict(fakes.pusher.frames)
    assert len(fakes.pusher.frames) == 2
    assert [item["id"] for item in frames["phone="]["notifications"]] == ids
    assert [item["id"] for item in frames["bobs="]["notifications"]] == [bobs]


def test_no_frame_is_larger_than_the_gateway_takes(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    ids = [sent(fakes, message="x" * 32_000) for _ in range(10)]
    run(fakes, *map(record, ids))
    frames = [frame for _, frame in fakes.pusher.take()]
    assert all(len(json.dumps(frame).encode()) < FRAME_LIMIT for frame in frames)
    assert [frame["seq"] for frame in frames] == [1, 2, 3, 4]
    assert [item["id"] for frame in frames for item in frame["notifications"]] == ids


def test_a_message_that_comes_twice_changes_nothing_twice(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    id_ = sent(fakes)
    run(fakes, record(id_), record(id_))
    run(fakes, record(id_))
    assert len(fakes.pusher.frames) == 1
    assert fakes.inboxes.position(ADA).seq == 1


def test_a_connection_that_is_gone_is_forgotten(fakes: Fakes) -> None:
    for device in ("phone=", "laptop="):
        open_socket(fakes, device)
    fakes.pusher.results["phone="] = PushResult.GONE
    id_ = sent(fakes)
    run(fakes, record(id_))
    assert [c.id for c in fakes.connections.of_users([ADA])] == ["laptop="]
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    assert fakes.queue.published == []


@pytest.mark.parametrize(("older", "kept"), [(-1, 1), (0, 1), (1, 0)])
def test_a_connection_that_may_still_be_opening_is_not_forgotten(
    fakes: Fakes, older: float, kept: int
) -> None:
    # API Gateway answers 410 until $connect has returned.
    open_socket(fakes, "phone=", age=HANDSHAKE.total_seconds() + older)
    fakes.pusher.results["phone="] = PushResult.GONE
    run(fakes, record(sent(fakes)))
    assert len(fakes.connections.of_users([ADA])) == kept


def test_a_push_that_is_refused_is_not_tried_again(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.REFUSED
    id_ = sent(fakes)
    run(fakes, record(id_))
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    assert fakes.queue.published == []
    assert len(fakes.connections.of_users([ADA])) == 1


@pytest.mark.parametrize(("attempts", "delay"), [(None, 1), (0, 1), (1, 5), (2, 25)])
def test_a_push_that_failed_for_the_moment_is_tried_again_later(
    fakes: Fakes, attempts: int | None, delay: float
) -> None:
    open_socket(fakes, "phone=")
    open_socket(fakes, "laptop=")
    fakes.pusher.results["phone="] = PushResult.LATER
    failed, other = sent(fakes), sent(fakes, BOB)
    run(fakes, record(failed, attempts), record(other))
    [message] = fakes.queue.take()
    assert message.queue == delivery_queue(ADA)
    assert json.loads(message.body) == {
        "notificationId": failed,
        "queuedAt": AT_NOON,
        "by": "retry",
    }
    assert message.headers == {
        "x-retry-attempts": (attempts or 0) + 1,
        "x-first-failed-at": AT_NOON,
    }
    assert message.delay == delay
    assert row(fakes, failed).state is DeliveryState.QUEUED
    # The sweep must not publish it once more while it waits.
    assert row(fakes, failed).dispatch_by == NOON + timedelta(seconds=delay) + DISPATCH_WITHIN
    assert row(fakes, other).state is DeliveryState.DISPATCHED


def test_a_retry_that_works_settles_it_with_the_same_number(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes)
    run(fakes, record(id_))
    fakes.pusher.results.clear()
    run(fakes, record(id_, 1))
    [(_, failed), (_, worked)] = fakes.pusher.take()
    assert failed == worked
    assert row(fakes, id_).state is DeliveryState.DISPATCHED


def test_half_of_a_failed_batch_is_told_as_the_whole_that_it_was(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    ids = [sent(fakes) for _ in range(2)]
    run(fakes, *map(record, ids))
    fakes.pusher.results.clear()
    fakes.pusher.take()
    run(fakes, record(ids[1], 1))
    [(_, frame)] = fakes.pusher.take()
    assert [item["id"] for item in frame["notifications"]] == ids


def test_retries_that_are_used_up_end_in_the_dead_letters(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes)
    first_failed = text("2026-01-05T11:59:29.000Z")
    headers = {"x-retry-attempts": 3, "x-first-failed-at": first_failed}
    run(fakes, queue_record({"notificationId": id_}, headers))
    [message] = fakes.queue.take()
    assert (message.queue, message.delay) == (DEAD, 0)
    assert json.loads(message.body) == {"notificationId": id_}
    assert message.headers == {
        "x-retry-attempts": 3,
        "x-first-failed-at": "2026-01-05T11:59:29.000Z",
        "x-dead-reason": "push-failed",
        "x-dead-error": "1 of 1 devices could not be reached after 3 retries",
        "x-dead-queue": delivery_queue(ADA),
        "x-dead-at": AT_NOON,
    }
    kept = row(fakes, id_)
    assert (kept.state, kept.failure) == ("failed", "push-failed")
    assert kept.dispatch_by is None
    assert fakes.inboxes.position(ADA).unread == 1


def test_a_late_copy_of_what_was_given_up_does_not_settle_it(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes)
    run(fakes, record(id_, 3))
    run(fakes, record(id_))
    assert row(fakes, id_).state is DeliveryState.FAILED


def test_giving_up_with_the_queue_down_is_done_again(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes)
    fakes.queue.down = True
    with pytest.raises(QueueUnavailable):
        run(fakes, record(id_, 3))
    fakes.queue.down = False
    run(fakes, record(id_, 3))
    assert [reason for reason, _ in reasons(fakes.queue.take())] == ["push-failed"]
    assert row(fakes, id_).state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"", {}, "the body is not JSON"),
        (b"{", {}, "the body is not JSON"),
        (b"\xff\xfe\xfd", {}, "the body is not JSON"),
        (b"[" * 65_000, {}, "the body is not JSON"),
        (b"[]", {}, "the body has no notificationId"),
        (b"null", {}, "the body has no notificationId"),
        (b"{}", {}, "the body has no notificationId"),
        (b'{"notificationId": 1}', {}, "the body has no notificationId"),
        (b'{"notificationId": {"$gt": ""}}', {}, "the body has no notificationId"),
        (b'{"notificationId": "\\ud800"}', {}, "the body has no notificationId"),
        *[
            (READABLE, {"x-retry-attempts": wrong}, NO_COUNT)
            for wrong in (-1, -(2**63), 1001, 2**63, 10**30, text("1"), text("one"))
        ],
        (
            READABLE.ljust(65_537),
            {},
            "the body has 65537 bytes; at most 65536 are taken",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_nobody_can_make_sense_of_is_a_dead_letter(
    fakes: Fakes, body: bytes, headers: dict[str, Any], reason: str
) -> None:
    open_socket(fakes, "phone=")
    good = sent(fakes)
    run(fakes, queue_record(body, headers), record(good))
    [dead] = fakes.queue.take()
    assert reasons([dead]) == [("unreadable", reason)]
    assert dead.body == body
    assert row(fakes, good).state is DeliveryState.DISPATCHED
    assert len(fakes.pusher.frames) == 1


@pytest.mark.parametrize("body", [READABLE, READABLE.ljust(65_536)], ids=["small", "64 KiB"])
def test_an_unknown_notification_is_a_dead_letter(fakes: Fakes, body: bytes) -> None:
    run(fakes, queue_record(body))
    [dead] = fakes.queue.take()
    assert reasons([dead]) == [("unknown-notification", "no notification has this id")]
    assert dead.body == body
    assert "x-first-failed-at" not in dead.headers


@pytest.mark.parametrize(
    "fields",
    [
        {"queuedAt": queued_at, "by": by}
        for queued_at, by in (
            (None, None),
            (1, 1),
            ("noon", "me"),
            ("2026-01-05T12:00:00", "API"),
            ("2026-13-05T12:00:00Z", ["api"]),
            ({"$gt": ""}, {"$gt": ""}),
        )
    ],
    ids=str,
)
def test_a_message_that_does_not_tell_when_it_was_queued_is_delivered_all_the_same(
    fakes: Fakes, fields: dict[str, Any]
) -> None:
    id_ = sent(fakes)
    run(fakes, queue_record({"notificationId": id_, **fields}))
    [attempt] = row(fakes, id_).attempts
    assert (attempt.queued_at, attempt.queued_by) == (None, None)
    assert row(fakes, id_).state is DeliveryState.DISPATCHED


def test_a_dead_letter_keeps_the_headers_that_it_came_with(fakes: Fakes) -> None:
    headers = {"x-kind": {"bytes": list(b"e-mail")}, "x-retry-attempts": 2}
    run(fakes, queue_record(b"?", headers))
    [dead] = fakes.queue.take()
    assert dead.headers["x-kind"] == "e-mail"
    assert dead.headers["x-retry-attempts"] == 2


def test_the_headers_of_a_dead_letter_fit_one_frame_however_hostile_they_were(
    fakes: Fakes,
) -> None:
    headers: dict[str, Any] = {f"x-{n}-{'é' * 40}": text("🔔" * 2000) for n in range(100)}
    headers |= {"n" * 128: 1, "n" * 129: 2, "x-huge": 2**63, "x-dead-reason": text("mine")}
    # RabbitMQ refuses these two unless they are lists of routing keys.
    headers |= {"CC": text("elsewhere"), "BCC": text("elsewhere"), "half": text(b"\xed\xa0\x80")}
    headers |= {"\ud800": 1, "": 1, "x-first-failed-at": text(AT_NOON), "x-retry-attempts": 2}
    run(fakes, queue_record(b"?", dict(reversed(headers.items()))))
    [dead] = fakes.queue.take()
    kept = dead.headers
    assert len(kept) <= 32 + 4
    size = sum(len(name.encode()) + len(str(value).encode()) for name, value in kept.items())
    assert size < 64 * 1024
    assert kept["n" * 128] == 1
    assert not {"CC", "BCC", "n" * 129, "x-huge"} & kept.keys()
    ours = ("x-dead-reason", "x-retry-attempts", "x-first-failed-at", "x-dead-at")
    assert [kept[name] for name in ours] == ["unreadable", 2, AT_NOON, AT_NOON]


def test_a_batch_with_one_failing_push_delivers_the_rest_once_and_retries_the_one(
    fakes: Fakes,
) -> None:
    people = [f"person {n}" for n in range(100)]
    for person in people:
        open_socket(fakes, f"{person}=", person)
    fakes.pusher.results["person 42="] = PushResult.LATER
    ids = {sent(fakes, person): person for person in people}
    run(fakes, *map(record, ids))
    assert sorted(device for device, _ in fakes.pusher.take()) == sorted(f"{p}=" for p in people)
    [again] = fakes.queue.take()
    id_ = json.loads(again.body)["notificationId"]
    assert ids[id_] == "person 42"
    settled = [each for each in ids if row(fakes, each).state is DeliveryState.DISPATCHED]
    assert len(settled) == 99
    fakes.pusher.results.clear()
    run(fakes, queue_record(again.body, {"x-retry-attempts": 1}))
    assert [device for device, _ in fakes.pusher.take()] == ["person 42="]
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    assert fakes.queue.published == []


def test_when_a_retry_cannot_be_queued_the_others_are_not_pushed_again(fakes: Fakes) -> None:
    for person in ("ada", "bob"):
        open_socket(fakes, f"{person}=", person)
    fakes.pusher.results["bob="] = PushResult.LATER
    batch = [record(sent(fakes, "ada")), record(sent(fakes, "bob"))]
    fakes.queue.down = True
    with pytest.raises(QueueUnavailable):
        run(fakes, *batch)
    assert sorted(device for device, _ in fakes.pusher.take()) == ["ada=", "bob="]
    fakes.queue.down = False
    run(fakes, *batch)
    assert [device for device, _ in fakes.pusher.take()] == ["bob="]


def test_the_time_of_the_first_failure_is_kept_through_the_retries(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    run(fakes, record(sent(fakes)))
    for _ in range(3):
        fakes.clock.advance(30)
        [again] = fakes.queue.take()
        headers = {
            name: text(value) if isinstance(value, str) else value
            for name, value in again.headers.items()
        }
        run(fakes, queue_record(again.body, headers))
    [dead] = fakes.queue.take()
    assert dead.headers["x-first-failed-at"] == AT_NOON
    assert dead.headers["x-dead-at"] == "2026-01-05T12:01:30.000Z"


def test_what_became_of_an_attempt_is_kept_with_the_notification(fakes: Fakes) -> None:
    for device, result in {
        "phone=": PushResult.DONE,
        "laptop=": PushResult.DONE,
        "old=": PushResult.GONE,
        "slow=": PushResult.LATER,
        "odd=": PushResult.REFUSED,
    }.items():
        open_socket(fakes, device)
        fakes.pusher.results[device] = result
    id_ = sent(fakes)
    body = {"notificationId": id_, "queuedAt": "2026-01-05T11:59:59.995Z", "by": "api"}
    run(fakes, queue_record(body))
    assert list(row(fakes, id_).attempts) == [
        Attempt(
            at=NOON,
            number=1,
            state=DeliveryState.QUEUED,
            queued_at=NOON - timedelta(milliseconds=5),
            queued_by=QueuedBy.API,
            pushed=2,
            gone=1,
            failed=1,
            refused=1,
            error="1 of 5 devices could not be reached and 1 of 5 devices refused the frame",
        )
    ]


def test_one_attempt_counts_for_all_that_travelled_in_its_frame(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    ids = [sent(fakes) for _ in range(3)]
    bobs = sent(fakes, BOB)
    run(fakes, *map(record, [*ids, bobs]))
    assert [row(fakes, id_).attempts[0].pushed for id_ in [*ids, bobs]] == [1, 1, 1, 0]


def test_a_store_that_is_down_gives_the_batch_back(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    id_ = sent(fakes)
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        run(fakes, record(id_))
    fakes.memory.down = False
    run(fakes, record(id_))
    assert len(fakes.pusher.frames) == 1


def test_a_queue_that_is_down_matters_only_when_something_is_to_be_published(
    fakes: Fakes,
) -> None:
    fakes.queue.down = True
    id_ = sent(fakes)
    run(fakes, record(id_))
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    with pytest.raises(QueueUnavailable):
        run(fakes, queue_record(b"?"))


def many(ids: Sequence[str], attempts: int | None = None, **more: Any) -> Event:
    """A message that names several notifications."""
    headers = {} if attempts is None else {"x-retry-attempts": attempts}
    return queue_record({"notificationIds": list(ids), **more}, headers)


def test_each_notification_of_a_message_is_a_delivery_of_its_own(fakes: Fakes) -> None:
    for device, user_id in (("phone=", ADA), ("bobs=", BOB)):
        open_socket(fakes, device, user_id)
    fakes.pusher.results["bobs="] = PushResult.LATER
    adas, bobs = sent(fakes), sent(fakes, BOB)
    run(fakes, many([adas, bobs, "unknown"], queuedAt=AT_NOON, by="broadcast"))
    assert row(fakes, adas).state is DeliveryState.DISPATCHED
    assert row(fakes, adas).attempts[0].queued_by is QueuedBy.BROADCAST
    later, dead = sorted(fakes.queue.take(), key=lambda message: message.queue == DEAD)
    assert json.loads(later.body)["notificationId"] == bobs
    assert (later.delay, later.headers["x-retry-attempts"]) == (1, 1)
    told = {"notificationId": "unknown", "queuedAt": AT_NOON, "by": "broadcast"}
    assert json.loads(dead.body) == told
    assert dead.headers["x-dead-reason"] == "unknown-notification"


def test_what_has_used_up_its_retries_dies_alone(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    fakes.pusher.results["phone="] = PushResult.LATER
    failed, other = sent(fakes), sent(fakes, BOB)
    run(fakes, many([failed, other], 3))
    [dead] = fakes.queue.take()
    assert json.loads(dead.body) == {"notificationId": failed}
    assert row(fakes, failed).state is DeliveryState.FAILED
    assert row(fakes, other).state is DeliveryState.DISPATCHED


@pytest.mark.parametrize("ids", [[], "1", [1], [None], ["ä"], {"0": "1"}])
def test_a_list_of_anything_else_is_unreadable(fakes: Fakes, ids: Any) -> None:
    run(fakes, queue_record({"notificationIds": ids}))
    assert reasons(fakes.queue.take()) == [("unreadable", "the body has no notificationId")]


def test_what_follows_is_begun_once_however_many_bring_it(fakes: Fakes) -> None:
    then = {"broadcastId": "b", "chunk": 7}
    run(fakes, many([sent(fakes), sent(fakes)], then=then), many([sent(fakes)], then=then))
    [message] = fakes.queue.take()
    assert (message.queue, json.loads(message.body)) == (FAN_OUT, then)


@pytest.mark.parametrize("then", [None, 1, {}, {"broadcastId": 1, "chunk": 1}, {"chunk": -1}])
def test_what_follows_is_nothing_when_it_cannot_be_read(fakes: Fakes, then: Any) -> None:
    id_ = sent(fakes)
    run(fakes, many([id_], then=then))
    assert row(fakes, id_).state is DeliveryState.DISPATCHED
    assert fakes.queue.published == []


def test_what_follows_waits_for_the_sweep_when_the_queue_is_down(fakes: Fakes) -> None:
    id_ = sent(fakes)
    fakes.queue.down = True
    run(fakes, many([id_], then={"broadcastId": "b", "chunk": 7}))
    assert row(fakes, id_).state is DeliveryState.DISPATCHED


def test_more_than_go_at_once_go_one_part_after_the_other(fakes: Fakes) -> None:
    open_socket(fakes, "phone=")
    ids = [sent(fakes) for _ in range(AT_ONCE + 100)]
    run(fakes, *(many(ids[start : start + 250]) for start in range(0, len(ids), 250)))
    shown = [item["id"] for _, frame in fakes.pusher.frames for item in frame["notifications"]]
    assert shown == ids
    assert fakes.inboxes.position(ADA).unread == len(ids)
    assert all(row(fakes, id_).state is DeliveryState.DISPATCHED for id_ in ids)


def test_an_empty_batch_is_nothing(fakes: Fakes) -> None:
    run(fakes)
    assert fakes.queue.published == []
