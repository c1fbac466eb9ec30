"""Use case: keep what was given up, whatever it is, so that people can work with it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from belfry import wire
from belfry.envelope import MAX_HEADERS, MAX_NAME_BYTES, MAX_TEXT_BYTES, Delivery
from belfry.errors import Unreadable
from belfry.model import DeadLetter, DeadReason, DeliveryState, new_id
from belfry.ports import Clock, DeadLetters, Message, Notifications, Outbox
from belfry.topology import (
    ATTEMPTS_HEADER,
    DIED_HEADER,
    ERROR_HEADER,
    FAN_OUT,
    FIRST_FAILED_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
)

log = logging.getLogger(__name__)

MOST_BODY_BYTES = 15 * 1024 * 1024
"""Of a larger body the rest is cut off: MongoDB takes documents of 16 MiB."""

MOST_ID = 64
MOST_ATTEMPTS = 10**6

TAKEN_AWAY = "The batch with it failed so often that the broker took it away."

_OURS = {
    ATTEMPTS_HEADER,
    DIED_HEADER,
    ERROR_HEADER,
    FIRST_FAILED_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
}


def bury(
    messages: Sequence[Message],
    *,
    dead_letters: DeadLetters,
    notifications: Notifications,
    outbox: Outbox,
    clock: Clock,
) -> None:
    """Store a batch of the dead letters; doing it again changes nothing. Raises StoreUnavailable.

    What the broker took away is not dead when the store knows its notification: either it waits in
    the outbox, and the sweep publishes it again, or it has ended since, and nothing is left to do.
    Nor is a broadcast's chunk, which the sweep publishes again, too.
    """
    now = clock()
    letters = [_read(each, now) for message in messages for each in _singly(message)]
    named = {each.notification_id for each in letters if each.notification_id}
    owners = {id_: each.user_id for id_, each in notifications.by_ids(named).items()}
    states = outbox.states(named)
    dead = [each for each in letters if not _is_looked_after(each, states)]
    dead_letters.bury([_addressed(each, owners) for each in dead])


def _is_looked_after(letter: DeadLetter, states: Mapping[str, DeliveryState]) -> bool:
    if letter.reason is not DeadReason.DELIVERY_LIMIT:
        return False
    if letter.queue == FAN_OUT:
        log.warning("taken away by the broker, and published again: %r", letter.body)
        return True
    state = states.get(letter.notification_id or "")
    if state is not None:
        log.warning("taken away by the broker, but %s: %s", state, letter.notification_id)
    return state is not None


def _singly(message: Message) -> Sequence[Message]:
    """A message that names several notifications as one message for each; others as they are."""
    try:
        deliveries = Delivery.read(replace(message, headers={}))
    except Unreadable:
        return [message]
    return [replace(each.alone, headers=message.headers) for each in deliveries]


def _read(message: Message, now: datetime) -> DeadLetter:
    """Make of a message what can be made of it. Raises nothing."""
    headers = message.headers
    reason = _reason(headers)
    error = _text(headers, ERROR_HEADER)
    if reason is DeadReason.DELIVERY_LIMIT:
        error = error or TAKEN_AWAY
    queue = _text(headers, ORIGIN_HEADER) or _taken_from(headers) or message.queue
    died_at = wire.read_time(headers.get(DIED_HEADER)) or now
    return DeadLetter(
        id=new_id(),
        fingerprint=_fingerprint(queue, message.body),
        queue=queue,
        reason=reason,
        error=error or "It came without a word of why.",
        attempts=_attempts(headers),
        first_at=wire.read_time(headers.get(FIRST_FAILED_HEADER)) or died_at,
        last_at=died_at,
        size=len(message.body),
        body=message.body[:MOST_BODY_BYTES],
        headers=_others(headers),
        notification_id=_notification_id(message),
    )


def _addressed(letter: DeadLetter, owners: Mapping[str, str]) -> DeadLetter:
    """The same with its person, if there is one.

    Each copy of a notification's message says when it was published, so the body tells only
    messages of unknown notifications apart.
    """
    known = letter.notification_id
    if known is None or known not in owners:
        return letter
    same = _fingerprint(letter.queue, known.encode())
    return replace(letter, user_id=owners[known], fingerprint=same)


def _fingerprint(queue: str, content: bytes) -> str:
    return sha256(queue.encode() + b"\0" + content).hexdigest()


def _notification_id(message: Message) -> str | None:
    try:
        [named] = (each.notification_id for each in Delivery.read(replace(message, headers={})))
    except Unreadable:
        return None
    return named if 0 < len(named) <= MOST_ID else None


def _reason(headers: Mapping[str, str | int]) -> DeadReason:
    """Without a word from the dispatcher it was the broker."""
    try:
        return DeadReason(str(headers.get(REASON_HEADER, DeadReason.DELIVERY_LIMIT)))
    except ValueError:
        return DeadReason.UNREADABLE


def _text(headers: Mapping[str, str | int], name: str) -> str | None:
    value = headers.get(name)
    return value[:MAX_TEXT_BYTES] if isinstance(value, str) else None


def _taken_from(headers: Mapping[str, str | int]) -> str | None:
    """The queue that RabbitMQ took a message away from, as its own headers tell.

    `x-last-death-queue` is there from 3.13 on; `x-death` has the latest first, as the queue's edge
    made text of it; `x-first-death-queue` may be one in which it only waited for a retry.
    """
    try:
        latest = str(json.loads(str(headers.get("x-death")))[0]["queue"])
    except (ValueError, LookupError, TypeError, RecursionError):
        latest = None
    return _text(headers, "x-last-death-queue") or latest or _text(headers, "x-first-death-queue")


def _attempts(headers: Mapping[str, str | int]) -> int:
    value = headers.get(ATTEMPTS_HEADER)
    return value if isinstance(value, int) and 0 <= value <= MOST_ATTEMPTS else 0


def _others(headers: Mapping[str, str | int]) -> dict[str, str | int]:
    """The headers that are not ours, as far as they are few and short."""
    others = [(name, value) for name, value in headers.items() if name not in _OURS]
    return {
        name[:MAX_NAME_BYTES]: value[:MAX_TEXT_BYTES] if isinstance(value, str) else value
        for name, value in others[:MAX_HEADERS]
    }
