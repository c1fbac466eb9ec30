"""What all of the simulation shares: the deployment, MongoDB, and the bucket of requests."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from belfry.topology import SHARDS
from infra.scale.bucket import TokenBucket
from infra.scale.quotas import Quotas
from infra.scale.rates import Rates

Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one can change. The defaults are what openapi.yaml and belfry/topology.py say."""

    shards: int = SHARDS
    fan_out_queues: int = 1
    megabytes: float = 512
    """Of the dispatcher and of the fan-out."""
    database_cores: int = 8
    """Of MongoDB's primary: each works on one batch at a time."""
    quotas: Quotas = field(default_factory=Quotas)


class System:
    """A deployment at work. `base` is how many requests a second others make meanwhile."""

    def __init__(self, deployment: Deployment, rates: Rates, seed: int, base: float = 0.0) -> None:
        self.deployment = deployment
        self.rates = rates
        self.random = random.Random(seed)  # noqa: S311  # keeps no secret
        self.env = simpy.Environment()
        quotas = deployment.quotas
        self.requests = TokenBucket(self.env, max(0.0, quotas.requests - base), quotas.burst)
        self._database = simpy.Resource(self.env, deployment.database_cores)

    def deliver(self, people: int) -> Steps:
        """A batch arrives in the inboxes of so many people."""
        yield self.env.timeout(self.rates.deliver(people, self.deployment.megabytes))
        yield from self._in_database(self.rates.deliver_database.of(people))

    def prepare(self) -> Steps:
        """A chunk of a broadcast is stored."""
        yield self.env.timeout(self.rates.prepare(self.deployment.megabytes))
        yield from self._in_database(self.rates.prepare_database)

    def push(self, frames: int) -> Generator[simpy.Event, Any, int]:
        """So many frames are posted; answers how many API Gateway took."""
        if not frames:
            return 0
        yield self.env.timeout(self.rates.push(frames, self.deployment.megabytes))
        return self.requests.take(frames)

    def _in_database(self, seconds: float) -> Steps:
        with self._database.request() as turn:
            yield turn
            yield self.env.timeout(seconds)
