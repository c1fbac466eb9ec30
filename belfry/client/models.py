"""What Belfry answers, as frozen dataclasses. What they do not know of an answer is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

Change = Literal[
    "read",
    "unread",
    "archive",
    "unarchive",
    "delete",
    "snooze",
    "unsnooze",
    "pin",
    "unpin",
]


class Filter(TypedDict, total=False):
    """Which notifications of an inbox; what is left out does not matter.

    Without `archived` and `snoozed` those in the inbox itself; `since` is about `arrived_at`.
    """

    unread: bool
    archived: bool
    snoozed: bool
    category: str
    priority: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to a person. Times are UTC.

    `arrived_at` is when it came, or came back from a snooze, into the inbox. `seq` is the number of
    the event by which it arrived; None until then.
    """

    id: str
    user_id: str
    message: str
    priority: int
    read: bool
    created_at: datetime
    archived: bool = False
    pinned: bool = False
    title: str | None = None
    category: str | None = None
    link: str | None = None
    data: Mapping[str, Any] | None = None
    read_at: datetime | None = None
    snoozed_until: datetime | None = None
    arrived_at: datetime | None = None
    edited_at: datetime | None = None
    deliver_at: datetime | None = None
    expires_at: datetime | None = None
    broadcast_id: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an inbox; `type` says what.

    `ready`: the position is known, so load the list now. `resync`: too much was missed, load the
    list again. All others are those of docs/protocol.md. `seq` numbers a person's events without
    gaps, and `unread_count` is exact right after the event.
    """

    type: str
    seq: int
    unread_count: int
    at: datetime | None = None
    ids: tuple[str, ...] = ()
    notifications: tuple[Notification, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """How many notifications a change took, and the inbox after it."""

    changed: int
    unread_count: int
    seq: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many match each filter, in the order of the filters; exact."""

    counts: tuple[int, ...]
    unread_count: int
    seq: int


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a broadcast is for: `kind` is `users`, `topic` or `everybody`."""

    kind: str
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A message to many, and how far it is.

    `state` is `scheduled`, `running`, `finished` or `withdrawn`; `total` how many people it is for,
    once that is known; `accepted` how many of them are certain to get it, `delivered` have got it,
    `failed` have got it but could not be reached, `cancelled` never get it.
    """

    id: str
    to: Recipients
    message: str
    priority: int
    state: str
    created_at: datetime
    accepted: int
    delivered: int
    failed: int
    cancelled: int = 0
    total: int | None = None
    title: str | None = None
    category: str | None = None
    link: str | None = None
    deliver_at: datetime | None = None
    expires_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step on a notification's way; the numbers count the devices of an attempt."""

    step: str
    at: datetime
    by: str | None = None
    number: int | None = None
    pushed: int = 0
    gone: int = 0
    failed: int = 0
    refused: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a notification is (`where` in a sentence), and what happened on its way."""

    id: str
    user_id: str
    state: str
    where: str
    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class User:
    """A person's account; `role` is `user` or `admin`."""

    id: str
    username: str
    email: str
    role: str
    created_at: datetime
