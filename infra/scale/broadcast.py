"""A broadcast: how long until it has reached everybody who is connected.

As in belfry/fan_out.py and belfry/delivery.py: a chunk of people at a time, whose notifications go
to the shards; one message of each chunk names the next one, and is published when the dispatcher
begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import simpy

from belfry.delivery import AT_ONCE
from belfry.fan_out import CHUNK_PEOPLE
from belfry.retry import RetryPolicy
from infra.scale.rates import Rates
from infra.scale.system import Deployment, Steps, System

HEARTBEAT_SECONDS = 300
"""Each open page asks so often whether it has missed something (web/client/timing.js)."""

LONGEST_SECONDS = 4 * 60 * 60


@dataclass(slots=True)
class Spread:
    """How far it has come. `curve` is (seconds, people reached), ascending."""

    people: int
    connected: int
    curve: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    inboxes: int = 0
    prepared: int = 0
    refused: int = 0
    given_up: int = 0
    all_inboxes_at: float = float("inf")

    @property
    def reached(self) -> int:
        return self.curve[-1][1]

    def at(self, share: float) -> float:
        """Seconds until such a share of the connected people was reached."""
        wanted = share * self.connected
        return next((seconds for seconds, reached in self.curve if reached >= wanted), float("inf"))

    @property
    def done_at(self) -> float:
        """Seconds until nothing was on its way any more: reached, or given up."""
        return max(self.curve[-1][0], self.all_inboxes_at)


@dataclass(frozen=True, slots=True)
class Part:
    """Messages for a shard: of a chunk's people, or of those to be tried again, one by one."""

    people: int
    connected: int
    attempts: int = 0
    brings: int | None = None
    """The fan-out queue whose next chunk is to be prepared when this one is begun with."""


@dataclass(slots=True)
class _Parts:
    """What the processes of a broadcast share."""

    system: System
    told: Spread
    chunks: Sequence[simpy.Store]
    shards: Sequence[simpy.Store]
    people: list[int]
    """By fan-out queue, who is not prepared yet; and who of them is connected."""
    connected: list[int]


def broadcast(
    people: int, connected: int, deployment: Deployment, rates: Rates, *, seed: int = 1
) -> Spread:
    """To so many people, of whom so many have a device open. Their heartbeats go on meanwhile."""
    system = System(deployment, rates, seed, base=connected / HEARTBEAT_SECONDS)
    queues = deployment.fan_out_queues
    told = Spread(people, connected)
    parts = _Parts(
        system,
        told,
        chunks=[simpy.Store(system.env) for _ in range(queues)],
        shards=[simpy.Store(system.env) for _ in range(deployment.shards)],
        people=_shares(people, queues, 0),
        connected=_shares(connected, queues, 0),
    )
    for number, chunks in enumerate(parts.chunks):
        chunks.put(True)
        system.env.process(_fan_out(number, parts))
    for shard in parts.shards:
        system.env.process(_dispatcher(shard, parts))
    system.env.run(until=LONGEST_SECONDS)
    return told


def _fan_out(number: int, parts: _Parts) -> Steps:
    """Prepares the chunks of one queue's people, one after the other."""
    system = parts.system
    while parts.people[number]:
        yield parts.chunks[number].get()
        yield system.env.timeout(system.rates.network.hop)
        yield from system.prepare()
        people = min(CHUNK_PEOPLE, parts.people[number])
        connected = _some(parts.connected[number], people, parts.people[number], system)
        parts.people[number] -= people
        parts.connected[number] -= connected
        parts.told.prepared += people
        _publish(people, connected, number, parts)


def _publish(people: int, connected: int, number: int, parts: _Parts) -> None:
    count, shards = len(parts.shards), parts.shards
    offset = parts.system.random.randrange(count)
    groups = zip(_shares(people, count, offset), _shares(connected, count, offset), strict=True)
    present = [(shard, group) for shard, group in zip(shards, groups, strict=True) if group[0]]
    bringing = parts.system.random.randrange(len(present))
    for index, (shard, (members, online)) in enumerate(present):
        shard.put(Part(members, online, brings=number if index == bringing else None))


def _dispatcher(shard: simpy.Store, parts: _Parts) -> Steps:
    """One batch at a time: all that waits when the last one is done."""
    system = parts.system
    while True:
        batch = [(yield shard.get())]
        yield system.env.timeout(system.rates.network.hop)
        batch += shard.items
        shard.items.clear()
        for part in batch:
            if part.brings is not None:
                parts.chunks[part.brings].put(True)
        for part in _together(batch):
            yield from _deliver(part, shard, parts)


def _together(batch: Sequence[Part]) -> Sequence[Part]:
    """Belfry delivers what a batch names without asking which message named it."""
    people: Counter[int] = Counter()
    connected: Counter[int] = Counter()
    for part in batch:
        people[part.attempts] += part.people
        connected[part.attempts] += part.connected
    return [Part(people[attempts], connected[attempts], attempts) for attempts in sorted(people)]


def _deliver(part: Part, shard: simpy.Store, parts: _Parts) -> Steps:
    system, told = parts.system, parts.told
    people, connected = part.people, part.connected
    while people:
        now = min(AT_ONCE, people)
        frames = _some(connected, now, people, system)
        people, connected = people - now, connected - frames
        took = yield from system.deliver(now, frames)
        if not part.attempts:
            told.inboxes += now
            if told.inboxes == told.people:
                told.all_inboxes_at = system.env.now
        told.curve.append((system.env.now, told.reached + took))
        if frames > took:
            _try_again(frames - took, part.attempts, shard, parts)


def _try_again(refused: int, attempts: int, shard: simpy.Store, parts: _Parts) -> None:
    """As belfry/outcome.py judges: after a delay, or never more."""
    parts.told.refused += refused
    delay = RetryPolicy().delay_after(attempts)
    if delay is None:
        parts.told.given_up += refused
    else:
        parts.system.env.process(_later(delay, Part(refused, refused, attempts + 1), shard, parts))


def _later(delay: float, part: Part, shard: simpy.Store, parts: _Parts) -> Steps:
    yield parts.system.env.timeout(delay)
    shard.put(part)


def _shares(total: int, count: int, offset: int) -> list[int]:
    """As equal as whole numbers can be; the larger ones begin at `offset`."""
    each, rest = divmod(total, count)
    return [each + ((index - offset) % count < rest) for index in range(count)]


def _some(marked: int, chosen: int, of: int, system: System) -> int:
    """How many of the marked ones are among the chosen: their share, rounded by chance."""
    if chosen == of:
        return marked
    share = marked * chosen / of
    fits = max(0, marked - (of - chosen)), min(marked, chosen)
    return min(fits[1], max(fits[0], int(share + system.random.random())))
