"""Use case: bring notifications into inboxes and onto every open device.

At least once from the queue, exactly once into the inbox (its numbers see to that), at least once
to a device, which drops what it has seen by its number.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from belfry.devices import Devices, Pushes
from belfry.envelope import Delivery
from belfry.errors import QueueUnavailable, Unreadable
from belfry.model import DeadReason
from belfry.outcome import dead_with, judge
from belfry.ports import (
    Arrival,
    Clock,
    Inboxes,
    Message,
    Outbox,
    PushResult,
    Queue,
)
from belfry.retry import RetryPolicy
from belfry.sending import DISPATCH_WITHIN
from belfry.statistics import Statistics

log = logging.getLogger(__name__)

AT_ONCE = 500
"""So many go in one transaction: messages that name several may be many, and its time is short."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the dispatcher needs."""

    inboxes: Inboxes
    devices: Devices
    outbox: Outbox
    queue: Queue
    retry: RetryPolicy
    statistics: Statistics
    clock: Clock


def deliver(messages: Sequence[Message], parts: Parts) -> None:
    """Deliver a batch, some hundred notifications at a time, with a query for each kind of thing.

    A push that fails for the moment is published again with a delay; what cannot be read or has
    used up its retries goes to the dead letters with its reason. Raises only when the store or the
    queue is down: then the whole batch comes back, and doing it again changes nothing twice.
    """
    deliveries, dead = _read(messages, parts.clock())
    _let_follow(deliveries, parts.queue)
    for start in range(0, len(deliveries), AT_ONCE):
        _deliver(deliveries[start : start + AT_ONCE], parts)
    if dead:
        parts.queue.publish(dead)


def _deliver(deliveries: Sequence[Delivery], parts: Parts) -> None:
    outbox = parts.outbox
    ids = [delivery.notification_id for delivery in deliveries]
    arrivals, unknown = parts.inboxes.append(ids, parts.clock())
    pushes = parts.devices.push(arrivals)

    now = parts.clock()
    outcome = judge(deliveries, unknown, pushes, parts.retry, now)
    # Before publishing: if that fails, the batch comes back, and these are not pushed again.
    if outcome.dispatched:
        outbox.settle(outcome.dispatched, outcome.attempts)
    for delay, waiting in outcome.postponed.items():
        until = now + timedelta(seconds=delay) + DISPATCH_WITHIN
        outbox.postpone(waiting, until, outcome.attempts)
    if outcome.messages:
        parts.queue.publish(outcome.messages)
    # After publishing: these must be found as they were.
    if outcome.given_up:
        outbox.give_up(outcome.given_up, DeadReason.PUSH_FAILED, outcome.attempts)
    parts.statistics.count(
        now,
        delivered=len(outcome.dispatched),
        failed=len(outcome.given_up),
        latencies=_latencies(arrivals, pushes, set(outcome.dispatched), now),
    )


def _latencies(
    arrivals: Iterable[Arrival], pushes: Pushes, dispatched: Collection[str], now: datetime
) -> list[timedelta]:
    """How long those took that are dispatched and have reached a device."""
    return [
        now - notification.due_at
        for arrival in arrivals
        for notification in arrival.notifications
        if notification.id in dispatched and pushes.get(notification.id, Counter())[PushResult.DONE]
    ]


def _let_follow(deliveries: Iterable[Delivery], queue: Queue) -> None:
    """Have the next parts of broadcasts prepared, while these here are being delivered.

    So no more of a broadcast than a chunk or two is in the queues, and what comes behind it need
    not wait for all of it. When this fails the sweep makes up for it.
    """
    chunks = {delivery.then for delivery in deliveries if delivery.then}
    if not chunks:
        return
    try:
        queue.publish([chunk.message() for chunk in chunks])
    except QueueUnavailable as error:
        log.warning("%d broadcasts wait for the sweep: %s", len(chunks), error)


def _read(messages: Iterable[Message], now: datetime) -> tuple[list[Delivery], list[Message]]:
    readable: list[Delivery] = []
    dead: list[Message] = []
    for message in messages:
        try:
            readable += Delivery.read(message)
        except Unreadable as error:
            dead.append(dead_with(message, DeadReason.UNREADABLE, error.detail, now))
    return readable, dead
