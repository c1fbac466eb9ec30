"""How the model looks on the wire: camelCase, RFC 3339 times in UTC, absent things left out."""

from __future__ import annotations

import json
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from belfry.history import Step, Trace
from belfry.model import (
    Connection,
    DeadLetter,
    DeliveryState,
    EventKind,
    InboxEvent,
    Notification,
    OnlineTotals,
    Position,
    User,
)
from belfry.statistics import Bucket, percentile

if TYPE_CHECKING:
    from belfry.broadcast import Broadcast

Json = dict[str, Any]

MOST_EVENT_BYTES = 112 * 1024
"""What is told of one event at most: a frame of Amazon API Gateway has 128 KiB."""

SHOWN_BYTES = 64 * 1024
"""So much of a dead letter's body is shown."""


class FrameType(StrEnum):
    """The types of frames that answer actions; those of events are `belfry.model.EventKind`."""

    READY = "ready"
    SYNC = "sync"
    DONE = "done"
    PONG = "pong"
    ERROR = "error"


def dumps(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def time(moment: datetime) -> str:
    """RFC 3339 with milliseconds, which is what MongoDB keeps: `2026-01-05T10:20:30.123Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_time(text: Any) -> datetime | None:
    """The moment that `time` wrote, or None for anything else."""
    if not isinstance(text, str) or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def user(person: User) -> Json:
    """The schema `User`."""
    return {
        "id": person.id,
        "username": person.username,
        "email": person.email,
        "role": person.role.value,
        "createdAt": time(person.created_at),
    }


def online(totals: OnlineTotals) -> Json:
    """The schema `OnlineTotals`."""
    return {"people": totals.people, "connections": totals.connections}


def person_online(person: User, connections: Iterable[Connection]) -> Json:
    """The schema `PersonOnline`."""
    told = [{"id": each.id, "connectedAt": time(each.connected_at)} for each in connections]
    return {"user": user(person), "connections": told}


def bucket(counted: Bucket) -> Json:
    """The schema `Bucket`."""
    p50, p99 = (round(percentile(counted.latencies, share), 1) for share in (0.5, 0.99))
    return {
        "at": time(counted.at),
        "accepted": counted.accepted,
        "delivered": counted.delivered,
        "failed": counted.failed,
        "latency": {"p50": p50, "p99": p99} if counted.latencies else None,
    }


def notification(item: Notification) -> Json:
    """The schema `Notification`."""
    optional = {
        "title": item.title,
        "category": item.category,
        "link": item.link,
        "data": item.data,
        "readAt": _time(item.read_at),
        "snoozedUntil": _time(item.snoozed_until),
        "editedAt": _time(item.edited_at),
        "expiresAt": _time(item.expires_at),
        "deliverAt": _time(item.deliver_at),
        "broadcastId": item.broadcast_id,
        "seq": item.seq,
    }
    return {
        "id": item.id,
        "userId": item.user_id,
        "message": item.message,
        "priority": item.priority,
        "read": item.read,
        "archived": item.archived,
        "pinned": item.pinned,
        "createdAt": time(item.created_at),
        "arrivedAt": time(item.arrived_at),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time(moment)


def broadcast(sent: Broadcast) -> Json:
    """The schema `Broadcast`."""
    to, content = sent.to, sent.content
    optional = {
        "title": content.title,
        "category": content.category,
        "link": content.link,
        "deliverAt": _time(sent.deliver_at),
        "expiresAt": _time(sent.expires_at),
        "finishedAt": _time(sent.finished_at),
        "total": sent.total,
    }
    return {
        "id": sent.id,
        "to": {"kind": to.kind.value, **({"topic": to.topic} if to.topic else {})},
        "message": content.message,
        "priority": content.priority,
        "state": sent.state.value,
        "createdAt": time(sent.created_at),
        "accepted": sent.accepted,
        "delivered": sent.delivered,
        "failed": sent.failed,
        "cancelled": sent.cancelled,
        **{name: value for name, value in optional.items() if value is not None},
    }


def trace(found: Trace) -> Json:
    """The schema `Trace`."""
    return {
        "id": found.history.id,
        "userId": found.history.user_id,
        "state": found.history.state.value,
        "where": found.where,
        "steps": [_step(step) for step in found.steps],
    }


def _step(step: Step) -> Json:
    told: Json = {"step": step.name.value, "at": time(step.at)}
    if step.by:
        told["by"] = step.by.value
    if attempt := step.attempt:
        told["number"] = attempt.number
        told |= {name: getattr(attempt, name) for name in ("pushed", "gone", "failed", "refused")}
        if attempt.error:
            told["error"] = attempt.error
    return told


def event(change: InboxEvent, contents: Mapping[str, Notification]) -> Json:
    """An event as a frame. `contents` are what it carries, or more (`carries_contents`)."""
    frame: Json = {
        "type": change.kind.value,
        "seq": change.seq,
        "at": time(change.at),
        "unreadCount": change.unread,
    }
    if change.ids and change.kind is not EventKind.NOTIFICATION:
        frame["ids"] = list(change.ids)
    if change.until:
        frame["until"] = time(change.until)
    if change.carries_contents:
        frame["notifications"] = notifications(contents, change.ids)
    return frame


def fitting_event(change: InboxEvent, contents: Mapping[str, Notification]) -> Json:
    """The same; too large for a frame, what was told when it was smaller is told as CHANGED."""
    frame = event(change, contents)
    if change.carries_contents and len(dumps(frame).encode()) > MOST_EVENT_BYTES:
        return event(replace(change, kind=EventKind.CHANGED, ids=()), {})
    return frame


def ready(position: Position) -> Json:
    """The answer to a client that does not know where the inbox is."""
    return {"type": FrameType.READY, "seq": position.seq, "unreadCount": position.unread}


def sync(
    position: Position,
    events: Sequence[InboxEvent] | None,
    contents: Mapping[str, Notification],
    *,
    more: bool,
) -> Json:
    """The answer to a client that asks for what it has missed; None is too much."""
    return {
        "type": FrameType.SYNC,
        "seq": position.seq,
        "unreadCount": position.unread,
        "recovered": events is not None,
        "events": [fitting_event(each, contents) for each in events or ()],
        "more": more,
    }


def notifications(contents: Mapping[str, Notification], ids: Iterable[str]) -> list[Json]:
    """Those of `ids` that still exist, in that order."""
    return [notification(contents[id_]) for id_ in ids if id_ in contents]


def dead_letter(letter: DeadLetter) -> Json:
    """The schema `DeadLetter`."""
    optional = {"notificationId": letter.notification_id, "userId": letter.user_id}
    return {
        "id": letter.id,
        "queue": letter.queue,
        "reason": letter.reason.value,
        "error": letter.error,
        "attempts": letter.attempts,
        "times": letter.times,
        "firstAt": time(letter.first_at),
        "lastAt": time(letter.last_at),
        "buriedAt": time(letter.buried_at),
        "bodyBytes": letter.size,
        **{name: value for name, value in optional.items() if value is not None},
    }


def whole_dead_letter(letter: DeadLetter, state: DeliveryState | None) -> Json:
    """The schema `WholeDeadLetter`: with headers and the beginning of the body."""
    shown = letter.body[:SHOWN_BYTES]
    is_all = len(shown) == letter.size
    try:
        # The cut may go through a character.
        body, encoding = getincrementaldecoder("utf-8")().decode(shown, final=is_all), "utf-8"
    except UnicodeDecodeError:
        body, encoding = b64encode(shown).decode(), "base64"
    return {
        **dead_letter(letter),
        **({"deliveryState": state.value} if state else {}),
        "headers": dict(letter.headers),
        "body": body,
        "bodyEncoding": encoding,
        "bodyIsCut": not is_all,
    }
