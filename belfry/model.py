"""The things that Belfry is about. Plain values: they know no database, no HTTP and no queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import uuid_utils


class Role(StrEnum):
    """What a person may do. Administrators may also notify others."""

    USER = "user"
    ADMIN = "admin"


class DeliveryState(StrEnum):
    """Where a notification is on its way to the devices.

    QUEUED     stored and waiting to be dispatched; the outbox looks after it
    DISPATCHED in the inbox, and pushed to every device that was open
    FAILED     in the inbox, but a push to an open device was given up
    """

    QUEUED = "queued"
    DISPATCHED = "dispatched"
    FAILED = "failed"


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
    """A message for one person. `seq` is the number of its arrival, None until then."""

    id: str
    user_id: str
    message: str
    created_at: datetime
    title: str | None = None
    category: str | None = None
    priority: int = 3
    link: str | None = None
    data: Mapping[str, Any] | None = None
    read_at: datetime | None = None
    seq: int | None = None

    @property
    def read(self) -> bool:
        return self.read_at is not None


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One numbered change of a person's inbox. `unread` is the count right after it."""

    user_id: str
    seq: int
    kind: EventKind
    ids: tuple[str, ...]
    unread: int
    at: datetime


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


def new_id() -> str:
    """A UUIDv7 (RFC 9562), which sorts by the time of its making."""
    return str(uuid_utils.uuid7())
