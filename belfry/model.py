"""The things that Belfry is about. Plain values: they know no database, no HTTP and no queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import uuid_utils

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Role(StrEnum):
    """What a person may do. Administrators may also notify others."""

    USER = "user"
    ADMIN = "admin"


class DeliveryState(StrEnum):
    """Where a notification is on its way to the devices.

    QUEUED     stored and waiting to be dispatched; the outbox looks after it
    DISPATCHED in the inbox, and pushed to every device that was open
    FAILED     in the inbox, but a push to an open device was given up
    CANCELLED  withdrawn, or expired, before it was dispatched
    """

    QUEUED = "queued"
    DISPATCHED = "dispatched"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeadReason(StrEnum):
    """Why a message was given up.

    UNREADABLE            nobody can make sense of it
    UNKNOWN_NOTIFICATION  it names a notification that is not in the store
    PUSH_FAILED           pushing it to an open device failed, and so did the retries
    DELIVERY_LIMIT        its batch failed so often that the broker took it away
    """

    UNREADABLE = "unreadable"
    UNKNOWN_NOTIFICATION = "unknown-notification"
    PUSH_FAILED = "push-failed"
    DELIVERY_LIMIT = "delivery-limit"


class EventKind(StrEnum):
    """What happened in an inbox; also the `type` of the frame that tells it."""

    NOTIFICATION = "notification"
    READ = "read"
    UNREAD = "unread"
    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"
    SNOOZED = "snoozed"
    UNSNOOZED = "unsnoozed"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UPDATED = "updated"
    CHANGED = "changed"
    """So many changed at once that a device had better load its list again."""


class Place(StrEnum):
    """Where in an inbox a notification is: in one of these at a time."""

    INBOX = "inbox"
    ARCHIVED = "archived"
    SNOOZED = "snoozed"


class Gone(StrEnum):
    """Why a notification is in its inbox no more: by its person, its sender, or its time."""

    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. `email` is normalised and unique."""

    id: str
    username: str
    email: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, as the authorizer found out."""

    user_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Notification:
    """A message for one person. `seq` is the number of its arrival, None until then.

    `deliver_at` is when it shall arrive, None for at once; `came_at` is when it did, or when it
    came back from its last snooze.
    """

    id: str
    user_id: str
    message: str
    created_at: datetime
    title: str | None = None
    category: str | None = None
    priority: int = 3
    link: str | None = None
    data: Mapping[str, Any] | None = None
    deliver_at: datetime | None = None
    expires_at: datetime | None = None
    broadcast_id: str | None = None
    read_at: datetime | None = None
    archived: bool = False
    snoozed_until: datetime | None = None
    came_at: datetime | None = None
    pinned: bool = False
    edited_at: datetime | None = None
    gone: Gone | None = None
    gone_at: datetime | None = None
    seq: int | None = None

    @property
    def read(self) -> bool:
        return self.read_at is not None

    @property
    def place(self) -> Place:
        if self.archived:
            return Place.ARCHIVED
        return Place.SNOOZED if self.snoozed_until else Place.INBOX

    @property
    def arrived_at(self) -> datetime:
        """When it came into the inbox, or back from a snooze; until then, when it should."""
        return self.came_at or self.due_at

    @property
    def due_at(self) -> datetime:
        """When it was to be delivered."""
        return self.deliver_at or self.created_at

    @property
    def is_counted(self) -> bool:
        """Whether it adds to the number of unread ones that a badge shows."""
        return self.gone is None and not self.read and self.place is Place.INBOX


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One numbered change of a person's inbox. `unread` is the count right after it.

    `until` belongs to SNOOZED. CHANGED names no ids.
    """

    user_id: str
    seq: int
    kind: EventKind
    ids: tuple[str, ...]
    unread: int
    at: datetime
    until: datetime | None = None

    @property
    def carries_contents(self) -> bool:
        """Whether devices get what it is about with it, and not ids only."""
        if self.kind is EventKind.NOTIFICATION:
            return True
        return self.kind in (EventKind.UPDATED, EventKind.UNSNOOZED) and len(self.ids) == 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far an inbox has come: the number of its last event, and the unread ones."""

    seq: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket. `endpoint` (`https://host/stage`) is where pushes to it are posted."""

    id: str
    user_id: str
    endpoint: str
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class OnlineTotals:
    """How many people have how many connections open."""

    people: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up: one of these, however often the same message died.

    `fingerprint` tells the same message, `queue` is where it was, `attempts` counts its retries and
    `times` its deaths. It failed first at `first_at` and died last at `last_at`. `size` is that of
    the body in bytes; less of it is kept when it was enormous. `notification_id` is what the body
    names, `user_id` None when there is no such notification.
    """

    id: str
    fingerprint: str
    queue: str
    reason: DeadReason
    error: str
    attempts: int
    first_at: datetime
    last_at: datetime
    size: int
    body: bytes = b""
    headers: Mapping[str, str | int] = field(default_factory=dict)
    notification_id: str | None = None
    user_id: str | None = None
    times: int = 1

    @property
    def buried_at(self) -> datetime:
        """When it was kept here first, to the millisecond."""
        return time_of_id(self.id)

    @property
    def whole(self) -> bool:
        """Whether all of the body is kept."""
        return len(self.body) == self.size


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters; None is any. Buried at `since` or later, and before `until`."""

    reason: DeadReason | None = None
    user_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def new_id() -> str:
    """A UUIDv7 (RFC 9562), which sorts by the time of its making."""
    return str(uuid_utils.uuid7())


def time_of_id(id_: str) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=int(id_.replace("-", "")[:12], 16))


def first_id_of(moment: datetime) -> str:
    """Not above any UUIDv7 that is made at this time or later."""
    digits = sortable(moment)
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def sortable(moment: datetime) -> str:
    """The milliseconds since 1970 as 12 hexadecimal digits, which sort by time."""
    return f"{max(0, (moment - _EPOCH) // timedelta(milliseconds=1)):012x}"
