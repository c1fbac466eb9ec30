"""Use case: how much is accepted, delivered and given up, and how long it takes.

Counted in buckets of ten seconds while it happens; nothing waits for the counting, and nothing
fails with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

BUCKET = timedelta(seconds=10)

BOUNDS_MS = (
    *(1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750),
    *(1_000, 1_500, 2_000, 5_000, 10_000, 30_000, 60_000),
)
"""The upper bounds of the histogram's classes, in milliseconds; above them all is one more."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What happened in the ten seconds from `at` on.

    `latencies` counts notifications by the index of their class in BOUNDS_MS: how long they took
    from the moment they were to go out to having been pushed to an open device.
    """

    at: datetime
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    latencies: Mapping[int, int] = field(default_factory=dict)


class Statistics(Protocol):
    """The counters."""

    def count(
        self,
        now: datetime,
        *,
        accepted: int = 0,
        delivered: int = 0,
        failed: int = 0,
        latencies: Sequence[timedelta] = (),
    ) -> None:
        """Add to the bucket of this time. Waits for nothing and raises nothing: it may be lost."""

    def since(self, moment: datetime) -> Sequence[Bucket]:
        """The buckets from then on in which something happened, oldest first."""


def bucket_of(moment: datetime) -> datetime:
    """When the bucket of a moment begins."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % BUCKET.seconds, UTC)


def class_of(latency: timedelta) -> int:
    """The index of the class of a latency; 0 for a negative one, which clocks that differ make."""
    return bisect_left(BOUNDS_MS, latency / timedelta(milliseconds=1))


def percentile(latencies: Mapping[int, int], share: float) -> float:
    """The milliseconds that this share (above 0, up to 1) did not exceed; 0 without any.

    As exact as the classes are: within one they count as evenly spread. Above the last bound it
    answers that bound.
    """
    wanted = share * sum(latencies.values())
    below = 0
    for index, count in sorted(latencies.items()):
        if below + count >= wanted:
            return _within(index, (wanted - below) / count)
        below += count
    return 0.0


def _within(index: int, part: float) -> float:
    if index == len(BOUNDS_MS):
        return float(BOUNDS_MS[-1])
    lower = BOUNDS_MS[index - 1] if index else 0
    return lower + (BOUNDS_MS[index] - lower) * part


def history(statistics: Statistics, *, now: datetime, minutes: int) -> Sequence[Bucket]:
    """The buckets of the last minutes, oldest first, also those in which nothing happened.

    The last one is the present one, which is not over yet.
    """
    last = bucket_of(now)
    count = timedelta(minutes=minutes) // BUCKET
    times = [last - BUCKET * back for back in reversed(range(count))]
    found = {bucket.at: bucket for bucket in statistics.since(times[0])}
    return [found.get(at) or Bucket(at) for at in times]
