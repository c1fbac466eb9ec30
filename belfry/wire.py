"""How the model looks on the wire: camelCase, RFC 3339 times in UTC, absent things left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from belfry.model import EventKind, InboxEvent, Notification, User

Json = dict[str, Any]


def dumps(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def time(moment: datetime) -> str:
    """RFC 3339 with milliseconds, which is what MongoDB keeps: `2026-01-05T10:20:30.123Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def user(person: User) -> Json:
    """The schema `User`."""
    return {
        "id": person.id,
        "username": person.username,
        "email": person.email,
        "role": person.role.value,
        "createdAt": time(person.created_at),
    }


def notification(item: Notification) -> Json:
    """The schema `Notification`."""
    optional = {
        "title": item.title,
        "category": item.category,
        "link": item.link,
        "data": item.data,
        "readAt": item.read_at and time(item.read_at),
        "seq": item.seq,
    }
    return {
        "id": item.id,
        "userId": item.user_id,
        "message": item.message,
        "priority": item.priority,
        "read": item.read,
        "createdAt": time(item.created_at),
        **{name: value for name, value in optional.items() if value is not None},
    }


def event(change: InboxEvent, contents: Mapping[str, Notification]) -> Json:
    """An event as a frame. `contents` are needed for the kind `notification` only."""
    frame: Json = {
        "type": change.kind.value,
        "seq": change.seq,
        "at": time(change.at),
        "unreadCount": change.unread,
    }
    if change.kind is EventKind.NOTIFICATION:
        return frame | {"notifications": notifications(contents, change.ids)}
    return frame | {"ids": list(change.ids)}


def notifications(contents: Mapping[str, Notification], ids: Iterable[str]) -> list[Json]:
    """Those of `ids` that still exist, in that order."""
    return [notification(contents[id_]) for id_ in ids if id_ in contents]
