"""What travels through the queues: the messages that the dispatcher reads, retries and buries.

    {"notificationId": "019ab3c2-…", "queuedAt": "2026-01-05T10:20:30.123Z", "by": "api"}

When and by whom it was queued stands in the body, and comes into the store with the update that
the dispatcher makes anyway: tracing costs no round trip.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from belfry import wire
from belfry.errors import Unreadable
from belfry.model import DeadReason, QueuedBy
from belfry.ports import Message
from belfry.topology import (
    ATTEMPTS_HEADER,
    DEAD_LETTERS,
    DIED_HEADER,
    ERROR_HEADER,
    FIRST_FAILED_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
)

MAX_BODY_BYTES = 64 * 1024

MAX_ATTEMPTS = 1000
"""More than any setting allows; what counts further was not written by us."""

MAX_HEADERS = 32
MAX_NAME_BYTES = 128
MAX_TEXT_BYTES = 1024
"""Headers kept of a dead letter. AMQP 0-9-1 has them in one frame, of 128 KiB as brokers set it."""

ROUTING_HEADERS = {"CC", "BCC"}
"""Further routing keys to RabbitMQ, which refuses them in any form but a list."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of a delivery queue: which notification, and how many retries it has had."""

    message: Message
    notification_id: str
    attempts: int
    queued_at: datetime | None = None
    queued_by: QueuedBy | None = None

    @classmethod
    def read(cls, message: Message) -> Delivery:
        """Understand a message. Raises Unreadable, saying why."""
        size = len(message.body)
        if size > MAX_BODY_BYTES:
            raise Unreadable(f"the body has {size} bytes; at most {MAX_BODY_BYTES} are taken")
        try:
            body = json.loads(message.body)
        except (ValueError, RecursionError):
            raise Unreadable("the body is not JSON") from None
        notification_id = body.get("notificationId") if isinstance(body, dict) else None
        # Ids are ASCII. JSON may hold half of a surrogate pair, which the store would fail on.
        if not isinstance(notification_id, str) or not notification_id.isascii():
            raise Unreadable("the body has no notificationId")
        queued_at = wire.read_time(body.get("queuedAt"))
        return cls(message, notification_id, _attempts(message), queued_at, _queued_by(body))


def body_of(notification_id: str, *, by: QueuedBy, at: datetime) -> bytes:
    """What the dispatcher is told: an id, not the content, so that the store stays the truth."""
    told = {"notificationId": notification_id, "queuedAt": wire.time(at), "by": by.value}
    return wire.dumps(told).encode()


def retried(delivery: Delivery, *, delay: float, now: datetime) -> Message:
    """The message that tries again after `delay` seconds."""
    message = delivery.message
    first_failed = message.headers.get(FIRST_FAILED_HEADER)
    headers: dict[str, str | int] = {
        ATTEMPTS_HEADER: delivery.attempts + 1,
        FIRST_FAILED_HEADER: wire.time(wire.read_time(first_failed) or now),
    }
    body = body_of(delivery.notification_id, by=QueuedBy.RETRY, at=now)
    return replace(message, body=body, headers=headers, delay=delay)


def dead_letter(message: Message, reason: DeadReason, error: str, *, now: datetime) -> Message:
    """The message for the dead letters: the same body, and why it died."""
    headers: dict[str, str | int] = {
        **_small(message.headers),
        REASON_HEADER: reason.value,
        ERROR_HEADER: error,
        ORIGIN_HEADER: message.queue,
        DIED_HEADER: wire.time(now),
    }
    return replace(message, queue=DEAD_LETTERS, headers=headers, delay=0.0)


def _attempts(message: Message) -> int:
    attempts = message.headers.get(ATTEMPTS_HEADER, 0)
    if not isinstance(attempts, int) or not 0 <= attempts <= MAX_ATTEMPTS:
        raise Unreadable(f"the header {ATTEMPTS_HEADER} is not a count of retries")
    return attempts


def _queued_by(body: Mapping[str, Any]) -> QueuedBy | None:
    by = body.get("by")
    return QueuedBy(by) if by in list(QueuedBy) else None


def _small(headers: Mapping[str, str | int]) -> dict[str, str | int]:
    """As many headers as a broker takes in any case, ours first: others may be hostile."""
    ours_first = sorted(
        headers, key=lambda name: name not in (ATTEMPTS_HEADER, FIRST_FAILED_HEADER)
    )
    kept: dict[str, str | int] = {}
    for name in ours_first:
        if len(name.encode(errors="replace")) > MAX_NAME_BYTES or name in ROUTING_HEADERS:
            continue
        value = headers[name]
        if isinstance(value, str):
            kept[_cut(name, MAX_NAME_BYTES)] = _cut(value, MAX_TEXT_BYTES)
        elif -(2**63) <= value < 2**63:
            kept[name] = value
        if len(kept) == MAX_HEADERS:
            break
    return kept


def _cut(text: str, most: int) -> str:
    """The beginning of a text, without half surrogate pairs, which no broker takes."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")
