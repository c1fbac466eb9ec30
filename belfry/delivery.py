"""Use case: bring notifications into inboxes and onto every open device.

At least once from the queue, exactly once into the inbox (its numbers see to that), at least once
to a device, which drops what it has seen by its number.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from belfry import wire
from belfry.envelope import Delivery
from belfry.errors import BelfryError, QueueUnavailable, Unreadable
from belfry.model import Connection, DeadReason, InboxEvent, Notification
from belfry.outcome import Pushes, dead_with, judge
from belfry.ports import (
    Arrival,
    Clock,
    Connections,
    Inboxes,
    Message,
    Outbox,
    Pusher,
    PushResult,
    Queue,
)
from belfry.retry import RetryPolicy
from belfry.sending import DISPATCH_WITHIN
from belfry.statistics import Statistics

log = logging.getLogger(__name__)

AT_ONCE = 500
"""So many go in one transaction: messages that name several may be many, and its time is short."""

HANDSHAKE = timedelta(seconds=30)
"""A connection younger than this may still be opening: API Gateway answers 410 for it, too."""


def deliver(
    messages: Sequence[Message],
    *,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
    outbox: Outbox,
    queue: Queue,
    retry: RetryPolicy,
    statistics: Statistics,
    clock: Clock,
) -> None:
    """Deliver a batch, some hundred notifications at a time, with a query for each kind of thing.

    A push that fails for the moment is published again with a delay; what cannot be read or has
    used up its retries goes to the dead letters with its reason. Raises only when the store or the
    queue is down: then the whole batch comes back, and doing it again changes nothing twice.
    """
    deliveries, dead = _read(messages, clock())
    _let_follow(deliveries, queue)
    for start in range(0, len(deliveries), AT_ONCE):
        _deliver(
            deliveries[start : start + AT_ONCE],
            inboxes=inboxes,
            connections=connections,
            pusher=pusher,
            outbox=outbox,
            queue=queue,
            retry=retry,
            statistics=statistics,
            clock=clock,
        )
    if dead:
        queue.publish(dead)


def _deliver(
    deliveries: Sequence[Delivery],
    *,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
    outbox: Outbox,
    queue: Queue,
    retry: RetryPolicy,
    statistics: Statistics,
    clock: Clock,
) -> None:
    now = clock()
    ids = [delivery.notification_id for delivery in deliveries]
    arrivals, unknown = inboxes.append(ids, now)
    pushes = _push(arrivals, connections=connections, pusher=pusher, now=now)

    now = clock()
    outcome = judge(deliveries, unknown, pushes, retry, now)
    # Before publishing: if that fails, the batch comes back, and these are not pushed again.
    if outcome.dispatched:
        outbox.settle(outcome.dispatched, outcome.attempts)
    for delay, waiting in outcome.postponed.items():
        until = now + timedelta(seconds=delay) + DISPATCH_WITHIN
        outbox.postpone(waiting, until, outcome.attempts)
    if outcome.messages:
        queue.publish(outcome.messages)
    # After publishing: these must be found as they were.
    if outcome.given_up:
        outbox.give_up(outcome.given_up, DeadReason.PUSH_FAILED, outcome.attempts)
    statistics.count(
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


def tell(
    event: InboxEvent,
    contents: Sequence[Notification] = (),
    *,
    connections: Connections,
    pusher: Pusher,
    clock: Clock,
) -> None:
    """Push an event to every open device of its person, with the contents that it carries.

    Best effort: a device that misses it sees the gap in the numbers and asks.
    """
    told = [Arrival(event, tuple(contents))]
    tell_all(told, connections=connections, pusher=pusher, clock=clock)


def tell_all(
    told: Sequence[Arrival], *, connections: Connections, pusher: Pusher, clock: Clock
) -> None:
    """The same for many events, of as many people."""
    try:
        _push(told, connections=connections, pusher=pusher, now=clock())
    except BelfryError as error:
        people = ", ".join(f"{each.event.seq} of {each.event.user_id}" for each in told[:10])
        log.warning("%d events were not pushed, such as %s: %s", len(told), people, error)


def _push(
    arrivals: Sequence[Arrival], *, connections: Connections, pusher: Pusher, now: datetime
) -> Pushes:
    """Push each event to all devices of its person."""
    devices = defaultdict(list)
    for connection in connections.of_users({arrival.event.user_id for arrival in arrivals}):
        devices[connection.user_id].append(connection)
    frames: list[tuple[Connection, bytes]] = []
    told: list[Arrival] = []
    for arrival in arrivals:
        if open_devices := devices[arrival.event.user_id]:
            contents = {notification.id: notification for notification in arrival.notifications}
            frame = wire.dumps(wire.fitting_event(arrival.event, contents)).encode()
            frames += [(device, frame) for device in open_devices]
            told += [arrival] * len(open_devices)
    if not frames:
        return {}
    results = pusher.push(frames)
    gone = {
        device.id
        for (device, _), result in zip(frames, results, strict=True)
        if result is PushResult.GONE and now - device.connected_at > HANDSHAKE
    }
    if gone:
        connections.remove(gone)
    return _by_notification(told, results)


def _by_notification(told: Iterable[Arrival], results: Iterable[PushResult]) -> Pushes:
    """What was answered to each event, by each of the notifications that it brought."""
    events: dict[tuple[str, ...], Counter[PushResult]] = defaultdict(Counter)
    for arrival, result in zip(told, results, strict=True):
        events[arrival.event.ids][result] += 1
    return {id_: answers for ids, answers in events.items() for id_ in ids}


def _read(messages: Iterable[Message], now: datetime) -> tuple[list[Delivery], list[Message]]:
    readable: list[Delivery] = []
    dead: list[Message] = []
    for message in messages:
        try:
            readable += Delivery.read(message)
        except Unreadable as error:
            dead.append(dead_with(message, DeadReason.UNREADABLE, error.detail, now))
    return readable, dead
