"""Which broker and which MongoDB the busiest hour takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from infra.cost.case import Case
from infra.prices import ATLAS_GB, TIERS, Tier

MOST_USED = 0.6
"""Of MongoDB's processors in the busiest hour: a node can be away, and the others do its reads."""
SHARED_UP_TO = 1_000
"""People up to whom an M10 will do. MongoDB asks for an M30 in production."""
BROKER_SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TIMES = (1, 2, 4, 8, 16, 24, 32)
BROKER_GB = {1: 200.0, 3: 45.0}
"""Disk of a single mq.m7g.large, and of a cluster of three, as it comes."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A size of Amazon MQ, in units of an mq.m7g.large, of which each costs as much."""

    name: str
    units: float
    nodes: int
    gigabytes: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """So many shards of a tier of Atlas, each with its disk."""

    tier: Tier
    shards: int
    gigabytes: float
    """Of disk that is paid for besides; 0 when the tier's own is enough."""

    @property
    def name(self) -> str:
        return f"{self.shards} × {self.tier.name}" if self.shards > 1 else self.tier.name

    @property
    def usd(self) -> float:
        hours = self.shards * self.tier.usd_per_hour * 730
        return hours + ATLAS_GB.of(self.gigabytes)


def broker(case: Case) -> Broker:
    """Large enough for the messages of the busiest hour: one in, one out for each notification."""
    rate = case.load.notifications / 86_400 * case.habits.peak
    need = max(1, ceil(rate / case.habits.messages_per_second))
    fits = next((n for n, times in enumerate(_TIMES) if times >= need), None)
    nodes = case.broker_nodes
    if fits is None:
        return Broker("more than one broker", need, nodes, BROKER_GB[nodes])
    return Broker(f"mq.m7g.{BROKER_SIZES[fits]}", _TIMES[fits], nodes, BROKER_GB[nodes])


def cluster(case: Case) -> Cluster:
    """The cheapest that has the processors and the disk."""
    load, habits = case.load, case.habits
    rate = load.notifications / 86_400 * habits.peak
    vcpus = rate * habits.mongodb_ms / 1000 / MOST_USED
    gigabytes = load.notifications * load.kept_days * habits.stored_bytes / 1e9
    tiers = TIERS if load.users <= SHARED_UP_TO else TIERS[1:]
    return min((_of(tier, vcpus, gigabytes) for tier in tiers), key=lambda each: each.usd)


def _of(tier: Tier, vcpus: float, gigabytes: float) -> Cluster:
    shards = max(1, ceil(vcpus / tier.vcpus), ceil(gigabytes / tier.most_disk))
    own = shards * tier.disk
    return Cluster(tier, shards, gigabytes if gigabytes > own else 0.0)
