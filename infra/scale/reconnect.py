"""A mass reconnect: all devices lost their sockets at once, and want them back.

A device asks for a ticket (HTTP), opens a socket, and asks what it has missed (a message): three
requests of the account's quota, and one of the new connections. What is refused waits and begins
anew. Cohorts of a second; whoever comes within it has the same chance of getting through.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, log2

import simpy

from infra.scale.quotas import Quotas
from infra.scale.system import Steps

TICK = 1.0
PRECISION = 1e-6
LONGEST_SECONDS = 2 * 60 * 60
POLL_SECONDS = 25.0
POLLS_AT_ONCE = 200
"""Reserved concurrency of inbox.events in openapi.yaml: each long poll holds one for 25 s."""
PROBE_SECONDS = 60.0
"""How often a page that polls tries a socket (web/client/timing.js)."""
TIMES_BLOCKED = 2
"""Handshakes without an answer, after which a page polls (web/client/connection.js)."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How the devices wait: up to `first` seconds, twice as long each time, at most `longest`.

    Without jitter exactly so long. They poll after `polls` refused
    handshakes in a row; None: never.
    """

    first: float = 0.5
    longest: float = 15.0
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
class Recovery:
    """`curve` is how many are connected after each second; `polling` of the others poll."""

    devices: int
    curve: list[int] = field(default_factory=list)
    polling: list[int] = field(default_factory=list)
    passing: list[float] = field(default_factory=list)
    """The share of requests that API Gateway took in each second, anybody's."""
    requests: int = 0
    """Made altogether."""
    waiting: int = 0

    @property
    def connected(self) -> int:
        return self.curve[-1] if self.curve else 0

    def at(self, share: float) -> float:
        """Seconds until such a share of the devices was connected."""
        wanted = share * self.devices
        each = enumerate(self.curve, start=1)
        return next((n * TICK for n, connected in each if connected >= wanted), float("inf"))

    def troubled(self, share: float = 0.99) -> float:
        """Seconds in which fewer than such a share of all requests passed."""
        return TICK * sum(passing < share for passing in self.passing)


@dataclass(slots=True)
class _Waiting:
    """Devices that try again, by when they do; and how often they have tried, and were blocked."""

    cohorts: dict[int, Counter[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def add(self, now: int, count: int, attempt: int, blocked: int, how: _Chance) -> None:
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


class _Chance:
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


def reconnect(
    devices: int,
    retries: Retries,
    quotas: Quotas,
    *,
    seed: int = 1,
    longest: float = LONGEST_SECONDS,
) -> Recovery:
    """Until all are connected, or for so long. Everybody tries for the first time at once."""
    env, told = simpy.Environment(), Recovery(devices)
    gateway = _Gateway(env, quotas, _Chance(seed, retries), told)
    env.process(gateway.serve())
    env.run(until=longest + TICK / 2)
    told.waiting = len(gateway.waiting)
    return told


class _Gateway:
    """Serves the devices second by second."""

    def __init__(
        self, env: simpy.Environment, quotas: Quotas, chance: _Chance, told: Recovery
    ) -> None:
        self.waiting = _Waiting()
        self._env, self._quotas, self._chance, self._told = env, quotas, chance, told
        self._saved = quotas.burst
        self._connected = self._polling = 0
        self.waiting.cohorts[1][0, 0] = told.devices

    def serve(self) -> Steps:
        now = 0
        while self._connected < self._told.devices:
            yield self._env.timeout(TICK)
            now += 1
            self._serve(now)

    def _serve(self, now: int) -> None:
        coming = self.waiting.cohorts.pop(now, Counter())
        asking, probing = self._polls()
        wanting = coming.total() + probing
        made, passing = self._passing(wanting, asking)
        fits = self._quotas.connections * TICK / max(1e-9, wanting * passing**2)
        for (attempt, blocked), count in sorted(coming.items()):
            self._try(now, count, attempt, blocked, passing, min(1.0, fits))
        arrived = self._sockets(probing, passing, min(1.0, fits))[2]
        self._polling -= arrived
        self._connected += arrived
        told = self._told
        told.requests += made
        told.passing.append(passing)
        told.curve.append(self._connected)
        told.polling.append(self._polling)

    def _try(
        self, now: int, count: int, attempt: int, blocked: int, passing: float, fits: float
    ) -> None:
        tickets, opened, arrived = self._sockets(count, passing, fits)
        self._connected += arrived
        # No ticket, or an error in place of the answer: that does not look like a blocked socket.
        again, refused = count - tickets + opened - arrived, tickets - opened
        attempt = min(attempt + 1, self._chance.retries.attempts)
        if self._chance.retries.polls is None:
            self.waiting.add(now, again + refused, attempt, blocked, self._chance)
            return
        self.waiting.add(now, again, attempt, blocked, self._chance)
        if blocked + 1 >= self._chance.retries.polls:
            self._polling += refused
        else:
            self.waiting.add(now, refused, attempt, blocked + 1, self._chance)

    def _sockets(self, count: int, passing: float, fits: float) -> tuple[int, int, int]:
        """Of so many tries, how many get a ticket, of these a socket, of these an answer."""
        tickets = self._chance.of(count, passing)
        opened = self._chance.of(tickets, passing * fits)
        return tickets, opened, self._chance.of(opened, passing)

    def _polls(self) -> tuple[int, int]:
        """How many of those that poll ask now, and how many try a socket: on average."""
        served = min(self._polling, POLLS_AT_ONCE)
        mean_wait = self._chance.retries.longest / 2
        asking = self._chance.of(self._polling, TICK / mean_wait) if self._polling > served else 0
        return asking + round(served * TICK / POLL_SECONDS), self._chance.of(
            self._polling, TICK / PROBE_SECONDS
        )

    def _passing(self, wanting: int, asking: int) -> tuple[int, float]:
        """How many requests are made, and the share of them that passes.

        What passes makes the next one: so the share is that with which both sides are equal.
        """
        room = self._saved + self._quotas.requests * TICK
        low, high = 0.0, 1.0
        if self._made(wanting, asking, high) <= room:
            low = high
        while high - low > PRECISION:
            share = (low + high) / 2
            if share * self._made(wanting, asking, share) < room:
                low = share
            else:
                high = share
        made = self._made(wanting, asking, low)
        self._saved = min(self._quotas.burst, room - low * made)
        return round(made), low

    def _made(self, wanting: int, asking: int, share: float) -> float:
        """Tickets, handshakes, syncs; a poll that asks at once, and one that waits."""
        opened = min(wanting * share**2, self._quotas.connections * TICK)
        return wanting + wanting * share + opened + asking + asking * share
