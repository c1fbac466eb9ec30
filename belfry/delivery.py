"""Use case: bring notifications into inboxes and onto every open device.

At least once from the queue, exactly once into the inbox (its numbers see to that), at least once
to a device, which drops what it has seen by its number.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from belfry import wire
from belfry.errors import BelfryError, Unreadable
from belfry.model import Connection, InboxEvent
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
from belfry.topology import ATTEMPTS_HEADER, DEAD_LETTERS, REASON_HEADER

log = logging.getLogger(__name__)

PUSH_GIVEN_UP = "push retries exhausted"

HANDSHAKE = timedelta(seconds=30)
"""A connection younger than this may still be opening: API Gateway answers 410 for it, too."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of a delivery queue: which notification, and how many retries it has had."""

    message: Message
    notification_id: str
    attempts: int

    @classmethod
    def read(cls, message: Message) -> Delivery:
        """Understand a message. Raises Unreadable, saying why."""
        try:
            body = json.loads(message.body)
        except (ValueError, RecursionError):
            raise Unreadable("the body is not JSON") from None
        notification_id = body.get("notificationId") if isinstance(body, dict) else None
        # Ids are ASCII. JSON may hold half of a surrogate pair, which the store would fail on.
        if not isinstance(notification_id, str) or not notification_id.isascii():
            raise Unreadable("the body has no notificationId")
        attempts = message.headers.get(ATTEMPTS_HEADER, 0)
        if not isinstance(attempts, int) or attempts < 0:
            raise Unreadable(f"the header {ATTEMPTS_HEADER} is not a count")
        return cls(message, notification_id, attempts)


def deliver(
    messages: Sequence[Message],
    *,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
    outbox: Outbox,
    queue: Queue,
    retry: RetryPolicy,
    clock: Clock,
) -> None:
    """Deliver a batch, with as few queries as there are kinds of them.

    A push that fails for the moment is published again with a delay; what cannot be read or has
    used up its retries goes to the dead letters with its reason. Raises only when the store or the
    queue is down: then the whole batch comes back, and doing it again changes nothing twice.
    """
    deliveries, dead = _read(messages)
    now = clock()
    ids = [delivery.notification_id for delivery in deliveries]
    arrivals, unknown = inboxes.append(ids, now)
    failed = _push(arrivals, connections=connections, pusher=pusher, now=now)

    again: list[Message] = []
    given_up: list[str] = []
    postponed: dict[float, list[str]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.notification_id in unknown:
            dead.append(_dead(delivery.message, "unknown notification"))
        elif delivery.notification_id in failed:
            delay = retry.delay_after(delivery.attempts)
            if delay is None:
                given_up.append(delivery.notification_id)
                dead.append(_dead(delivery.message, PUSH_GIVEN_UP))
            else:
                postponed[delay].append(delivery.notification_id)
                again.append(_retry(delivery, delay))
    for delay, waiting in postponed.items():
        outbox.postpone(waiting, now + timedelta(seconds=delay) + DISPATCH_WITHIN)
    if again or dead:
        queue.publish([*again, *dead])
    # After publishing: if that fails, the batch comes back and must find them as they were.
    outbox.give_up(given_up, PUSH_GIVEN_UP)
    outbox.settle([id_ for id_ in ids if id_ not in failed and id_ not in unknown])


def tell(event: InboxEvent, *, connections: Connections, pusher: Pusher, clock: Clock) -> None:
    """Push an event without contents, such as `read`, to every open device of its person.

    Best effort: a device that misses it sees the gap in the numbers and asks.
    """
    try:
        _push([Arrival(event, ())], connections=connections, pusher=pusher, now=clock())
    except BelfryError as error:
        log.warning("event %d of %s was not pushed: %s", event.seq, event.user_id, error)


def _push(
    arrivals: Sequence[Arrival], *, connections: Connections, pusher: Pusher, now: datetime
) -> set[str]:
    """Push each event to all devices of its person; answers the ids that failed for the moment."""
    devices = defaultdict(list)
    for connection in connections.of_users({arrival.event.user_id for arrival in arrivals}):
        devices[connection.user_id].append(connection)
    frames: list[tuple[Connection, bytes]] = []
    told: list[Arrival] = []
    for arrival in arrivals:
        if open_devices := devices[arrival.event.user_id]:
            contents = {notification.id: notification for notification in arrival.notifications}
            frame = wire.dumps(wire.event(arrival.event, contents)).encode()
            frames += [(device, frame) for device in open_devices]
            told += [arrival] * len(open_devices)
    if not frames:
        return set()
    results = pusher.push(frames)
    gone = {
        device.id
        for (device, _), result in zip(frames, results, strict=True)
        if result is PushResult.GONE and now - device.connected_at > HANDSHAKE
    }
    if gone:
        connections.remove(gone)
    return {
        id_
        for arrival, result in zip(told, results, strict=True)
        if result is PushResult.LATER
        for id_ in arrival.event.ids
    }


def _read(messages: Iterable[Message]) -> tuple[list[Delivery], list[Message]]:
    readable, dead = [], []
    for message in messages:
        try:
            readable.append(Delivery.read(message))
        except Unreadable as error:
            dead.append(_dead(message, error.detail))
    return readable, dead


def _retry(delivery: Delivery, delay: float) -> Message:
    headers = {ATTEMPTS_HEADER: delivery.attempts + 1}
    return replace(delivery.message, headers=headers, delay=delay)


def _dead(message: Message, reason: str) -> Message:
    log.error("dead letter from %s: %s", message.queue, reason)
    headers = {**message.headers, REASON_HEADER: reason}
    return replace(message, queue=DEAD_LETTERS, headers=headers)
