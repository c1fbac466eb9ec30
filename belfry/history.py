"""The way of a notification: its attempts, and the steps that a trace tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from belfry.model import DeliveryState, Gone


class QueuedBy(StrEnum):
    """Who put a message into a delivery queue.

    API       accepting the notification
    SWEEP     the sweep, because it was overdue
    RETRY     the dispatcher, after a push that failed for the moment
    REDRIVE   an administrator, from the dead letters
    BROADCAST the fan-out of a broadcast
    """

    API = "api"
    SWEEP = "sweep"
    RETRY = "retry"
    REDRIVE = "redrive"
    BROADCAST = "broadcast"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to push a notification to its person's devices, and what became of it.

    `number` is 1 for the first try, 2 for the first retry. `queued_at` and `queued_by` say how it
    came to be; None in messages that do not tell. The counts are devices: `failed` for the moment,
    `refused` for good. `state` is where the attempt left the notification.
    """

    at: datetime
    number: int
    state: DeliveryState
    queued_at: datetime | None = None
    queued_by: QueuedBy | None = None
    pushed: int = 0
    gone: int = 0
    failed: int = 0
    refused: int = 0
    error: str | None = None

    @property
    def devices(self) -> int:
        """How many were open."""
        return self.pushed + self.gone + self.failed + self.refused


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a notification's way. `attempts` are the last ones, oldest first.

    `dispatch_by` is when it is published again, unless it has been dispatched by then.
    """

    id: str
    user_id: str
    state: DeliveryState
    accepted_at: datetime
    dispatch_by: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    acknowledged_at: datetime | None = None
    read_at: datetime | None = None
    deliver_at: datetime | None = None
    edited_at: datetime | None = None
    gone: Gone | None = None
    gone_at: datetime | None = None


class StepName(StrEnum):
    """What can happen to a notification on its way."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    ATTEMPT = "attempt"
    DISPATCHED = "dispatched"
    GIVEN_UP = "given-up"
    ACKNOWLEDGED = "acknowledged"
    READ = "read"
    EDITED = "edited"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a notification, and when.

    `by` belongs to QUEUED, `attempt` to ATTEMPT.
    """

    name: StepName
    at: datetime
    by: QueuedBy | None = None
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A notification's way in the order of time; `where` says in a sentence where it is now."""

    history: History
    steps: tuple[Step, ...]
    where: str
