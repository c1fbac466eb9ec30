"""What travels through the queues: the messages that the dispatcher reads, retries and buries.

    {"notificationId": "019ab3c2-…", "queuedAt": "2026-01-05T10:20:30.123Z", "by": "api"}
    {"notificationIds": ["019ab3c2-…", …], "queuedAt": …, "by": "broadcast", "then": {…}}
    {"broadcastId": "019ab3c2-…", "chunk": 7}

When and by whom it was queued stands in the body, and comes into the store with the update that
the dispatcher makes anyway: tracing costs no round trip. Each notification of a message that names
several is a delivery of its own: what is tried again or given up becomes a message of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from belfry import wire
from belfry.errors import Unreadable
from belfry.history import QueuedBy
from belfry.model import DeadReason
from belfry.ports import Message
from belfry.topology import (
    ATTEMPTS_HEADER,
    DEAD_LETTERS,
    DIED_HEADER,
    ERROR_HEADER,
    FAN_OUT,
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
class Chunk:
    """The part of a broadcast's work that is next; `number` tells when it has been done since."""

    broadcast_id: str
    number: int

    @classmethod
    def read(cls, message: Message) -> Chunk:
        """Understand a message of the queue of the fan-out. Raises Unreadable, saying why."""
        chunk = cls.of(_body(message))
        if chunk is None:
            raise Unreadable("the body has no broadcastId with a chunk")
        return chunk

    @classmethod
    def of(cls, body: Any) -> Chunk | None:
        """The chunk that a value of JSON names, if it does."""
        if not isinstance(body, dict):
            return None
        id_, number = body.get("broadcastId"), body.get("chunk")
        if not (isinstance(id_, str) and id_.isascii() and isinstance(number, int)):
            return None
        return cls(id_, number) if 0 <= number < 2**53 else None

    def to_json(self) -> wire.Json:
        return {"broadcastId": self.broadcast_id, "chunk": self.number}

    def message(self) -> Message:
        return Message(queue=FAN_OUT, body=wire.dumps(self.to_json()).encode())


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a message asks for one notification, and how many retries it has had.

    `message` may name others, too; `alone` does not. `then` may begin when this is dispatched.
    """

    message: Message
    notification_id: str
    attempts: int
    queued_at: datetime | None = None
    queued_by: QueuedBy | None = None
    is_alone: bool = True
    then: Chunk | None = None

    @classmethod
    def read(cls, message: Message) -> Sequence[Delivery]:
        """Understand a message: one for each notification. Raises Unreadable, saying why."""
        body = _body(message)
        ids = body.get("notificationIds", [body.get("notificationId")])
        if not isinstance(ids, list) or not ids or not all(map(_is_id, ids)):
            raise Unreadable("the body has no notificationId")
        attempts, queued_by = _attempts(message), _queued_by(body)
        queued_at = wire.read_time(body.get("queuedAt"))
        is_alone, then = "notificationIds" not in body, Chunk.of(body.get("then"))
        return [cls(message, id_, attempts, queued_at, queued_by, is_alone, then) for id_ in ids]

    @property
    def alone(self) -> Message:
        """The message for this notification only."""
        if self.is_alone:
            return self.message
        told = {"notificationId": self.notification_id}
        told |= {"queuedAt": wire.time(self.queued_at)} if self.queued_at else {}
        told |= {"by": self.queued_by.value} if self.queued_by else {}
        return replace(self.message, body=wire.dumps(told).encode())


def body_of(notification_id: str, *, by: QueuedBy, at: datetime) -> bytes:
    """What the dispatcher is told: an id, not the content, so that the store stays the truth."""
    told = {"notificationId": notification_id, "queuedAt": wire.time(at), "by": by.value}
    return wire.dumps(told).encode()


def body_of_many(notification_ids: Sequence[str], *, at: datetime, then: Chunk | None) -> bytes:
    """The same for a part of a broadcast; `then` is what may begin when it is being dispatched."""
    told: wire.Json = {"notificationIds": list(notification_ids), "queuedAt": wire.time(at)}
    told["by"] = QueuedBy.BROADCAST.value
    return wire.dumps(told | ({"then": then.to_json()} if then else {})).encode()


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


def _body(message: Message) -> dict[str, Any]:
    size = len(message.body)
    if size > MAX_BODY_BYTES:
        raise Unreadable(f"the body has {size} bytes; at most {MAX_BODY_BYTES} are taken")
    try:
        body = json.loads(message.body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None
    return body if isinstance(body, dict) else {}


def _is_id(value: Any) -> bool:
    """Ids are ASCII. JSON may hold half of a surrogate pair, which the store would fail on."""
    return isinstance(value, str) and value.isascii()


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
