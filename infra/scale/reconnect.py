"""A mass reconnect: all devices lost their sockets at once, and want them back.

A device asks for a ticket (HTTP), opens a socket, and asks what it has missed (a message): three
requests of the account's quota, and one of the new connections. What is refused waits and begins
anew. After some refused handshakes in a row it polls, until a poll is refused. Everything of a
second is reckoned at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import simpy

from infra.scale.crowd import TICK, Chance, Retries, Waiting
from infra.scale.quotas import Quotas
from infra.scale.system import Steps

PRECISION = 1e-6
LONGEST_SECONDS = 2 * 60 * 60
POLL_SECONDS = 25.0
POLLS_AT_ONCE = 200
"""Reserved concurrency of inbox.events in openapi.yaml: each long poll holds one for 25 s."""
PROBE_SECONDS = 60.0
"""How often a page that polls tries a socket (web/client/timing.js)."""
TIMES_BLOCKED = 2
"""Handshakes without an answer, after which a page polls (web/client/connection.js)."""


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
    gateway = _Gateway(env, quotas, Chance(seed, retries), told)
    env.process(gateway.serve())
    env.run(until=longest + TICK / 2)
    told.waiting = len(gateway.waiting)
    return told


class _Asked(NamedTuple):
    """What a second brings: tries of a socket, devices that begin to poll, and polls again."""

    sockets: int
    entering: int
    renewing: int


class _Gateway:
    """Serves the devices second by second."""

    def __init__(
        self, env: simpy.Environment, quotas: Quotas, chance: Chance, told: Recovery
    ) -> None:
        self.waiting = Waiting()
        self._env, self._quotas, self._chance, self._told = env, quotas, chance, told
        self._saved = quotas.burst
        self._connected = self._polling = 0
        self._entering: Counter[int] = Counter()
        """Who begins to poll, by attempts."""
        self._again: Counter[tuple[int, int]] = Counter()
        """Who has to try again, by attempts and refused handshakes in a row."""
        self.waiting.cohorts[1][0, 0] = told.devices

    def serve(self) -> Steps:
        now = 0
        while self._connected < self._told.devices:
            yield self._env.timeout(TICK)
            now += 1
            self._serve(now)

    def _serve(self, now: int) -> None:
        coming = self.waiting.cohorts.pop(now, Counter())
        entering, self._entering = self._entering, Counter()
        probing = self._chance.of(self._polling, TICK / PROBE_SECONDS)
        renewing = self._chance.of(self._polling, TICK / POLL_SECONDS)
        asked = _Asked(coming.total() + probing, entering.total(), renewing)
        made, passing = self._passing(asked)
        fits = min(1.0, self._quotas.connections * TICK / max(1e-9, asked.sockets * passing**2))
        for (attempt, blocked), count in sorted(coming.items()):
            self._try(count, attempt, blocked, passing, fits)
        arrived = self._sockets(probing, passing, fits)[2]
        self._polling -= arrived
        self._connected += arrived
        self._poll(entering, min(renewing, self._polling), passing)
        for (attempt, blocked), count in sorted(self._again.items()):
            self.waiting.add(now, count, attempt, blocked, self._chance)
        self._again.clear()
        told = self._told
        told.requests += made
        told.passing.append(passing)
        told.curve.append(self._connected)
        told.polling.append(self._polling + self._entering.total())

    def _try(self, count: int, attempt: int, blocked: int, passing: float, fits: float) -> None:
        tickets, opened, arrived = self._sockets(count, passing, fits)
        self._connected += arrived
        attempt = min(attempt + 1, self._chance.retries.attempts)
        # No ticket: the server is busy. An error in place of the answer says nothing of sockets.
        self._again[attempt, 0] += count - tickets
        self._again[attempt, blocked] += opened - arrived
        polls, refused = self._chance.retries.polls, tickets - opened
        if polls is None:
            self._again[attempt, 0] += refused
        elif blocked + 1 < polls:
            self._again[attempt, blocked + 1] += refused
        else:
            self._entering[attempt] += refused

    def _sockets(self, count: int, passing: float, fits: float) -> tuple[int, int, int]:
        """Of so many tries, how many get a ticket, of these a socket, of these an answer."""
        tickets = self._chance.of(count, passing)
        opened = self._chance.of(tickets, passing * fits)
        return tickets, opened, self._chance.of(opened, passing)

    def _poll(self, entering: Counter[int], renewing: int, passing: float) -> None:
        """Who begins asks at once, and then a long poll if one is free; who is refused waits."""
        refused = renewing - self._chance.of(renewing, passing)
        self._polling -= refused
        self._again[0, 0] += refused
        for attempt, count in sorted(entering.items()):
            stays = min(self._chance.of(count, passing**2), POLLS_AT_ONCE - self._polling)
            self._polling += stays
            self._again[attempt, 0] += count - stays

    def _passing(self, asked: _Asked) -> tuple[int, float]:
        """How many requests are made, and the share of them that passes.

        What passes makes the next one: so the share is that with which both sides are equal.
        """
        room = self._saved + self._quotas.requests * TICK
        low, high = 0.0, 1.0
        if self._made(asked, high) <= room:
            low = high
        while high - low > PRECISION:
            share = (low + high) / 2
            if share * self._made(asked, share) < room:
                low = share
            else:
                high = share
        made = self._made(asked, low)
        self._saved = min(self._quotas.burst, room - low * made)
        return round(made), low

    def _made(self, asked: _Asked, share: float) -> float:
        """Tickets, handshakes, syncs; a poll that is answered at once, and one that waits."""
        opened = min(asked.sockets * share**2, self._quotas.connections * TICK)
        polls = asked.entering * (1 + share) + asked.renewing
        return asked.sockets * (1 + share) + opened + polls
