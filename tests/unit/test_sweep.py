"""dispatch.sweep: whatever is overdue is published again, once at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from belfry.errors import StoreUnavailable
from belfry.model import Notification, new_id
from belfry.ports import Message
from belfry.sending import DISPATCH_WITHIN, SWEEP_AGAIN_AFTER, SWEEP_LEASE, SWEEP_LIMIT
from belfry.topology import delivery_queue, delivery_queues
from functions.dispatch import sweep
from tests.declared import SPEC
from tests.fakes import FakeQueue, Fakes

SECONDS = DISPATCH_WITHIN.total_seconds()
LEASE = SWEEP_LEASE.total_seconds()
EVERY = SPEC["x-schedules"]["dispatch.sweep"]["everySeconds"]


def sent(fakes: Fakes, user_id: str = "ada") -> str:
    notification = Notification(new_id(), user_id, "Hello", fakes.clock())
    fakes.outbox.add(notification, dispatch_by=fakes.clock() + DISPATCH_WITHIN)
    return notification.id


def run(fakes: Fakes) -> None:
    sweep.handler.using(fakes.deps())({"source": "aws.events"}, None)


def published(fakes: Fakes) -> list[str]:
    return [json.loads(message.body)["notificationId"] for message in fakes.queue.take()]


def test_what_is_not_overdue_is_left_alone(fakes: Fakes) -> None:
    sent(fakes)
    fakes.clock.advance(SECONDS - 0.001)
    run(fakes)
    assert published(fakes) == []


def test_what_is_overdue_is_published_to_the_queue_of_its_person(fakes: Fakes) -> None:
    people = {sent(fakes, person): person for person in ("ada", "bob", "cyd", "dan")}
    fakes.clock.advance(SECONDS)
    run(fakes)
    assert {json.loads(m.body)["notificationId"]: m.queue for m in fakes.queue.published} == {
        id_: delivery_queue(person) for id_, person in people.items()
    }


def test_what_was_published_gets_more_time_before_the_next(fakes: Fakes) -> None:
    id_ = sent(fakes)
    fakes.clock.advance(SECONDS)
    run(fakes)
    run(fakes)
    fakes.clock.advance(SWEEP_AGAIN_AFTER.total_seconds() - 1)
    run(fakes)
    assert published(fakes) == [id_]
    fakes.clock.advance(1)
    run(fakes)
    assert published(fakes) == [id_]


def test_what_has_ended_is_not_published(fakes: Fakes) -> None:
    settled, given_up = sent(fakes), sent(fakes)
    fakes.outbox.settle([settled])
    fakes.outbox.give_up([given_up], "no use")
    fakes.clock.advance(SECONDS)
    run(fakes)
    assert published(fakes) == []


def test_more_than_one_sweep_takes_at_a_time_is_still_all(fakes: Fakes) -> None:
    ids = {sent(fakes) for _ in range(SWEEP_LIMIT + 5)}
    fakes.clock.advance(SECONDS)
    run(fakes)
    swept = published(fakes)
    assert len(swept) == len(ids)
    assert set(swept) == ids


def test_the_message_says_that_the_sweep_queued_it_and_when(fakes: Fakes) -> None:
    id_ = sent(fakes)
    fakes.clock.advance(SECONDS)
    run(fakes)
    [message] = fakes.queue.take()
    assert json.loads(message.body) == {
        "notificationId": id_,
        "queuedAt": "2026-01-05T12:00:15.000Z",
        "by": "sweep",
    }


def test_a_shard_that_takes_nothing_holds_up_no_other(fakes: Fakes) -> None:
    people = {sent(fakes, person): person for person in ("ada", "bob", "cyd", "dan")}
    away, there = delivery_queues()
    fakes.queue.away = {away}
    fakes.clock.advance(SECONDS)
    run(fakes)
    assert set(published(fakes)) == {
        id_ for id_, person in people.items() if delivery_queue(person) == there
    }
    fakes.queue.away = set()
    fakes.clock.advance(LEASE)
    run(fakes)
    assert set(published(fakes)) == {
        id_ for id_, person in people.items() if delivery_queue(person) == away
    }


def test_with_the_queue_down_nothing_is_claimed(fakes: Fakes) -> None:
    id_ = sent(fakes)
    fakes.clock.advance(SECONDS)
    fakes.queue.down = True
    run(fakes)
    fakes.queue.down = False
    run(fakes)
    assert published(fakes) == [id_]


def test_what_was_claimed_and_not_taken_is_published_when_the_lease_has_run_out(
    fakes: Fakes,
) -> None:
    id_ = sent(fakes)
    fakes.clock.advance(SECONDS)
    fakes.queue.away = set(delivery_queues())
    run(fakes)
    fakes.queue.away = set()
    fakes.clock.advance(LEASE - 0.001)
    run(fakes)
    assert published(fakes) == []
    fakes.clock.advance(0.001)
    run(fakes)
    assert published(fakes) == [id_]


def test_after_an_outage_of_the_queue_everything_is_published_within_half_a_minute(
    fakes: Fakes,
) -> None:
    fakes.queue.down = True
    ids = set()
    for second in range(60):
        ids |= {sent(fakes) for _ in range(50)}
        if second % EVERY == 0:
            run(fakes)
        fakes.clock.advance(1)
    fakes.queue.down = False
    swept: list[str] = []
    # A little less than half a minute, so that there is time left to deliver.
    for _ in range(int(25 / EVERY)):
        run(fakes)
        swept += published(fakes)
        fakes.clock.advance(EVERY)
    assert set(swept) == ids
    assert len(swept) == len(ids)


class AskedQueue(FakeQueue):
    """Counts how often it is asked whether it answers."""

    asked = 0

    def check(self) -> None:
        self.asked += 1
        super().check()


def test_the_queue_is_asked_once_even_with_nothing_to_publish(fakes: Fakes) -> None:
    fakes.queue = queue = AskedQueue()
    run(fakes)
    assert queue.asked == 1


class SecondSweep(FakeQueue):
    """A queue during whose publishing another sweep runs, on another machine."""

    def __init__(self, fakes: Fakes) -> None:
        super().__init__()
        self._fakes = fakes
        self._running = False

    def publish(self, messages: Sequence[Message]) -> None:
        if not self._running:
            self._running = True
            run(self._fakes)
        super().publish(messages)


def test_two_sweeps_at_once_publish_each_once(fakes: Fakes) -> None:
    ids = {sent(fakes) for _ in range(SWEEP_LIMIT + 5)}
    fakes.clock.advance(SECONDS)
    fakes.queue = SecondSweep(fakes)
    run(fakes)
    swept = published(fakes)
    assert len(swept) == len(ids)
    assert set(swept) == ids


def test_a_store_that_is_down_is_raised(fakes: Fakes) -> None:
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        run(fakes)
