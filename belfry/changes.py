"""What can be done to notifications in an inbox, and what it makes of one. Pure.

Each change is a row of a table: what it makes of a notification, and the event that tells of it.
What is so already stays the same object, so nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from belfry.model import EventKind, Gone, Notification


class ChangeKind(StrEnum):
    """What a person does to what they have, and what its sender and the time do."""

    READ = "read"
    UNREAD = "unread"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    PIN = "pin"
    UNPIN = "unpin"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    EXPIRE = "expire"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Content:
    """What a notification says."""

    message: str
    title: str | None = None
    category: str | None = None
    priority: int = 3
    link: str | None = None
    data: Mapping[str, Any] | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """All of it by name, as a notification has it."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Change:
    """A change; `until` belongs to SNOOZE, `content` to REPLACE."""

    kind: ChangeKind
    until: datetime | None = None
    content: Content | None = None

    def applied_to(self, notification: Notification, now: datetime) -> Notification:
        """The notification after it; the very same object when it changes nothing."""
        if notification.gone:
            return notification
        changed = _RULES[self.kind].apply(notification, self, now)
        return notification if changed == notification else changed

    @property
    def event(self) -> EventKind:
        """The event that tells of it."""
        return _RULES[self.kind].event


@dataclass(frozen=True, slots=True)
class _Rule:
    event: EventKind
    apply: Callable[[Notification, Change, datetime], Notification]
    by_person: bool = True


def _read(item: Notification, change: Change, now: datetime) -> Notification:
    return item if item.read else replace(item, read_at=now)


def _unread(item: Notification, change: Change, now: datetime) -> Notification:
    return replace(item, read_at=None)


def _archive(item: Notification, change: Change, now: datetime) -> Notification:
    return replace(item, archived=True, snoozed_until=None)


def _unarchive(item: Notification, change: Change, now: datetime) -> Notification:
    return replace(item, archived=False)


def _snooze(item: Notification, change: Change, now: datetime) -> Notification:
    return replace(item, snoozed_until=change.until, archived=False)


def _unsnooze(item: Notification, change: Change, now: datetime) -> Notification:
    if item.snoozed_until is None:
        return item
    return replace(item, snoozed_until=None, came_at=now)


def _wake(item: Notification, change: Change, now: datetime) -> Notification:
    over = item.snoozed_until is not None and item.snoozed_until <= now
    return _unsnooze(item, change, now) if over else item


def _expire(item: Notification, change: Change, now: datetime) -> Notification:
    over = item.expires_at is not None and item.expires_at <= now
    return replace(item, gone=Gone.EXPIRED, gone_at=now) if over else item


def _replace(item: Notification, change: Change, now: datetime) -> Notification:
    new = change.content
    if new is None:
        raise ValueError("a replacement needs a content")
    replaced = replace(item, **new.fields)
    return item if replaced == item else replace(replaced, edited_at=now)


_RULES = {
    ChangeKind.READ: _Rule(EventKind.READ, _read),
    ChangeKind.UNREAD: _Rule(EventKind.UNREAD, _unread),
    ChangeKind.ARCHIVE: _Rule(EventKind.ARCHIVED, _archive),
    ChangeKind.UNARCHIVE: _Rule(EventKind.UNARCHIVED, _unarchive),
    ChangeKind.SNOOZE: _Rule(EventKind.SNOOZED, _snooze),
    ChangeKind.UNSNOOZE: _Rule(EventKind.UNSNOOZED, _unsnooze),
    ChangeKind.PIN: _Rule(EventKind.PINNED, lambda item, _, __: replace(item, pinned=True)),
    ChangeKind.UNPIN: _Rule(EventKind.UNPINNED, lambda item, _, __: replace(item, pinned=False)),
    ChangeKind.DELETE: _Rule(
        EventKind.DELETED, lambda item, _, now: replace(item, gone=Gone.DELETED, gone_at=now)
    ),
    ChangeKind.WITHDRAW: _Rule(
        EventKind.WITHDRAWN,
        lambda item, _, now: replace(item, gone=Gone.WITHDRAWN, gone_at=now),
        by_person=False,
    ),
    ChangeKind.EXPIRE: _Rule(EventKind.EXPIRED, _expire, by_person=False),
    ChangeKind.WAKE: _Rule(EventKind.UNSNOOZED, _wake, by_person=False),
    ChangeKind.REPLACE: _Rule(EventKind.UPDATED, _replace, by_person=False),
}

PERSONAL = tuple(kind for kind, rule in _RULES.items() if rule.by_person)
"""The changes that a person makes."""
