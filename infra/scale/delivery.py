"""Single notifications, one after the other: how many shards they need to come in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from belfry.retry import RetryPolicy
from infra.scale.rates import Rates
from infra.scale.system import Deployment, Steps, System

BATCH = 500
"""batchSize of the delivery queues in openapi.yaml."""


class Waiting(NamedTuple):
    """A notification on its way, by when it may be taken from its queue."""

    ready: float
    sent: float
    attempts: int = 0


@dataclass(slots=True)
class Delivered:
    """Seconds from the POST to the frame of each notification, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    posts: int = 0
    posts_refused: int = 0
    pushes_refused: int = 0
    given_up: int = 0
    waiting: int = 0

    def percentile(self, share: float) -> float:
        """Of all that were accepted: those that never came took for ever."""
        came = sorted(self.seconds)
        index = int(share * (len(came) + self.given_up + self.waiting))
        return came[index] if index < len(came) else float("inf")


def delivery(
    rate: float, deployment: Deployment, rates: Rates, *, seconds: float = 10.0, seed: int = 1
) -> Delivered:
    """POSTs come for so many seconds (Poisson), each for another person with one device open.

    What has not come half as long after the last POST has not come in time.
    """
    system, told = System(deployment, rates, seed), Delivered()
    queues: list[deque[Waiting]] = [deque() for _ in range(deployment.shards)]
    retries: list[list[Waiting]] = [[] for _ in queues]
    for queue, later in zip(queues, retries, strict=True):
        system.env.process(_shard(system, queue, later, told))
    system.env.process(_senders(system, rate, seconds, queues, told))
    system.env.run(until=seconds * 1.5)
    told.waiting = told.posts - told.posts_refused - len(told.seconds) - told.given_up
    return told


TICK = 0.01


def _senders(
    system: System, rate: float, seconds: float, queues: Sequence[deque[Waiting]], told: Delivered
) -> Steps:
    before = system.rates.network.post + system.rates.network.hop
    posts = list(_poisson(system, rate, seconds))
    next_ = 0
    while next_ < len(posts):
        yield system.env.timeout(TICK)
        first = next_
        while next_ < len(posts) and posts[next_] <= system.env.now:
            next_ += 1
        granted = system.requests.take(next_ - first)
        told.posts += next_ - first
        told.posts_refused += next_ - first - granted
        for sent in posts[first : first + granted]:
            queue = int(system.random.random() * len(queues))
            queues[queue].append(Waiting(sent + before, sent))


def _poisson(system: System, rate: float, seconds: float) -> Iterator[float]:
    at = system.random.expovariate(rate)
    while at < seconds:
        yield at
        at += system.random.expovariate(rate)


def _shard(system: System, queue: deque[Waiting], retries: list[Waiting], told: Delivered) -> Steps:
    """One batch at a time: what is ready when the last one is done."""
    env = system.env
    while True:
        batch = _ready(queue, retries, env.now)
        if not batch:
            yield env.timeout(TICK)
            continue
        took = yield from system.deliver(len(batch), len(batch))
        told.seconds += [env.now - each.sent for each in batch[:took]]
        told.pushes_refused += len(batch) - took
        for each in batch[took:]:
            delay = RetryPolicy().delay_after(each.attempts)
            if delay is None:
                told.given_up += 1
            else:
                again = env.now + delay + system.rates.network.hop
                heappush(retries, Waiting(again, each.sent, each.attempts + 1))


def _ready(queue: deque[Waiting], retries: list[Waiting], now: float) -> list[Waiting]:
    batch: list[Waiting] = []
    while len(batch) < BATCH and retries and retries[0].ready <= now:
        batch.append(heappop(retries))
    while len(batch) < BATCH and queue and queue[0].ready <= now:
        batch.append(queue.popleft())
    return batch
