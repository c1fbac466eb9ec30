"""A broadcast: one message for many people, and how far it has come. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from belfry.changes import Content

_TOPIC = re.compile(r"[a-z0-9._-]{1,64}")


def is_topic(name: str) -> bool:
    """Whether a topic can have this name."""
    return _TOPIC.fullmatch(name) is not None


class AudienceKind(StrEnum):
    """How the people of a broadcast are named."""

    USERS = "users"
    TOPIC = "topic"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast is for: listed people (each once, sorted), a topic's, or everybody."""

    kind: AudienceKind
    topic: str | None = None
    user_ids: tuple[str, ...] = ()


class BroadcastState(StrEnum):
    """Where a broadcast is.

    SCHEDULED waits for its time
    RUNNING   is being brought to its people
    FINISHED  each of them has it, or a push to an open device was given up
    WITHDRAWN goes to nobody any more, and leaves the inboxes it was in
    """

    SCHEDULED = "scheduled"
    RUNNING = "running"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One message for many people.

    `total` is how many they are, None until they were counted; `accepted` how many inboxes are in
    the outbox or further, of which `delivered` have it, `failed` have it with a push given up, and
    `cancelled` never get it, because its time was over or it was withdrawn before it came.

    The work goes in chunks: `chunk` is the number of the next one, `after` where the last one ended
    (a person, or, when it is being withdrawn, a notification), and `is_spread` that nobody is left.
    `left` is where a withdrawal begins once more, when it has passed over inboxes that were busy.
    """

    id: str
    to: Audience
    content: Content
    created_at: datetime
    state: BroadcastState
    deliver_at: datetime | None = None
    expires_at: datetime | None = None
    finished_at: datetime | None = None
    total: int | None = None
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    chunk: int = 0
    after: str = ""
    left: str | None = None
    is_spread: bool = False
