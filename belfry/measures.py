"""Use case: what an operator is to be warned of, measured now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from belfry.model import DeadLetterFilter
from belfry.people import Presence
from belfry.ports import Clock, DeadLetters


@dataclass(frozen=True, slots=True)
class Measures:
    """`outbox_age` is for how many seconds the longest overdue notification has been overdue."""

    at: datetime
    dead_letters: int
    outbox_age: float
    connections: int
    people_online: int


class Backlog(Protocol):
    """What should have been published by now, and was not."""

    def overdue_since(self, now: datetime) -> datetime | None:
        """Since when the longest overdue notification has been so; None when none is."""


def measure(
    *, dead_letters: DeadLetters, backlog: Backlog, presence: Presence, clock: Clock
) -> Measures:
    """All of it. Raises StoreUnavailable, and then nothing is known.

    What the sweep publishes is not overdue for a while, also when nobody takes it from the queue:
    that shows in the depth of the queues.
    """
    now = clock()
    since = backlog.overdue_since(now)
    online = presence.totals()
    return Measures(
        at=now,
        dead_letters=dead_letters.count(DeadLetterFilter()),
        outbox_age=(now - since).total_seconds() if since else 0.0,
        connections=online.connections,
        people_online=online.people,
    )
