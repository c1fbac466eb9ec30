"""The devices of a mass reconnect: how they wait, and in what cohorts they come again."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, log2

TICK = 1.0
"""Seconds. Whoever comes within one of them has the same chance of getting through."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How the devices wait: up to `first` seconds, twice as long each time, at most `longest`.

    Without jitter exactly so long. They poll after `polls` refused handshakes in a row, with no
    refused ticket in between; None: never.
    """

    first: float = 0.5
    longest: float = 60.0
    jitter: bool = True
    polls: int | None = None

    @property
    def attempts(self) -> int:
        """After so many the wait does not grow any more."""
        return max(0, ceil(log2(self.longest / self.first)))

    def wait_after(self, attempt: int) -> float:
        """The longest wait after so many attempts before this one."""
        return min(self.longest, self.first * 2.0**attempt)


@dataclass(slots=True)
class Waiting:
    """Devices that try again, by when they do; and how often they have tried, and were blocked."""

    cohorts: dict[int, Counter[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def add(self, now: int, count: int, attempt: int, blocked: int, how: Chance) -> None:
        """They come again, `attempt` waits being behind them."""
        seconds = how.retries.wait_after(attempt)
        ticks = max(1, round(seconds / TICK))
        if not how.retries.jitter:
            self.cohorts[now + ticks][attempt, blocked] += count
            return
        for tick, some in how.spread(count, ticks):
            self.cohorts[now + tick][attempt, blocked] += some

    def __len__(self) -> int:
        return sum(cohort.total() for cohort in self.cohorts.values())


class Chance:
    """Whole numbers out of shares."""

    def __init__(self, seed: int, retries: Retries) -> None:
        self._random = random.Random(seed)  # noqa: S311  # keeps no secret
        self.retries = retries

    def of(self, count: int, share: float) -> int:
        return min(count, int(count * share + self._random.random()))

    def spread(self, count: int, ticks: int) -> Iterator[tuple[int, int]]:
        """Over the ticks 1, 2, …, as evenly as whole numbers can be, from a place at random."""
        each, rest = divmod(count, ticks)
        if each:
            yield from ((tick, each) for tick in range(1, ticks + 1))
        place = self._random.randrange(ticks)
        yield from ((1 + (place + index * ticks // rest) % ticks, 1) for index in range(rest))
