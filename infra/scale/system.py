"""What all of the simulation shares: the deployment, MongoDB, and the bucket of requests."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from heapq import heapreplace
from typing import Any

import simpy

from belfry.adapters.apigateway import AT_ONCE, PATIENCE_SECONDS, PAUSES
from belfry.topology import SHARDS
from infra.scale.bucket import TokenBucket
from infra.scale.quotas import Quotas
from infra.scale.rates import Rates

Steps = Generator[simpy.Event, Any, None]
Counting = Generator[simpy.Event, Any, int]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one can change. The defaults are what openapi.yaml and belfry/topology.py say."""

    shards: int = SHARDS
    fan_out_queues: int = 1
    megabytes: float = 1_769
    """Of the dispatcher and of the fan-out."""
    database_cores: int = 8
    """Of MongoDB's primary: each works on one batch at a time."""
    quotas: Quotas = field(default_factory=Quotas)


class Servers:
    """So many of a kind, each at one thing at a time; who comes first is served first."""

    def __init__(self, env: simpy.Environment, count: int) -> None:
        self._env = env
        self._free_at = [0.0] * count

    def seconds(self, work: float) -> float:
        """From now until a piece of work is done that comes now."""
        done = max(self._env.now, self._free_at[0]) + work
        heapreplace(self._free_at, done)
        return done - self._env.now


class System:
    """A deployment at work. `base` is how many requests a second others make meanwhile."""

    def __init__(self, deployment: Deployment, rates: Rates, seed: int, base: float = 0.0) -> None:
        self.deployment = deployment
        self.rates = rates
        self.random = random.Random(seed)  # noqa: S311  # keeps no secret
        self.env = simpy.Environment()
        quotas = deployment.quotas
        self.requests = TokenBucket(self.env, max(0.0, quotas.requests - base), quotas.burst)
        self._database = Servers(self.env, deployment.database_cores)

    def deliver(self, people: int, frames: int) -> Counting:
        """A batch arrives in so many inboxes and is pushed; answers how many pushes passed."""
        yield self.env.timeout(self.rates.deliver(people, self.deployment.megabytes))
        yield self.env.timeout(self._database.seconds(self.rates.deliver_database.of(people)))
        return (yield from self._push(frames))

    def _push(self, frames: int) -> Counting:
        """In turns; what is refused of one is posted again, as by belfry/adapters/apigateway.py."""
        passed, patience = 0, PATIENCE_SECONDS
        for start in range(0, frames, AT_ONCE):
            turn = min(AT_ONCE, frames - start)
            took = yield from self._post(turn)
            for longest in PAUSES:
                if took == turn or patience < longest:
                    break
                pause = self.random.uniform(0, longest)
                patience -= pause
                yield self.env.timeout(pause)
                took += yield from self._post(turn - took)
            passed += took
        return passed

    def _post(self, frames: int) -> Counting:
        yield self.env.timeout(self.rates.push(frames, self.deployment.megabytes))
        return self.requests.take(frames)

    def prepare(self) -> Steps:
        """A chunk of a broadcast is stored."""
        yield self.env.timeout(self.rates.prepare(self.deployment.megabytes))
        yield self.env.timeout(self._database.seconds(self.rates.prepare_database))
