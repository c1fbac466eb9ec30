"""What `belfry scale` asks: the cases of each question, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.scale.broadcast import Spread, broadcast
from infra.scale.crowd import Retries
from infra.scale.delivery import Delivered, delivery
from infra.scale.quotas import Quotas
from infra.scale.rates import Rates
from infra.scale.reconnect import TIMES_BLOCKED, Recovery, reconnect
from infra.scale.system import Deployment

WITHIN_SECONDS = 1.0
"""99 % of all notifications are to be on their device so soon."""
A_SECOND = (100, 500, 1_000, 2_000, 4_000)
SHARDS = (1, 2, 4, 8, 16, 32)
MEGABYTES = (512.0, 1_769.0)
SIMULATED_SECONDS = 10.0
MILLION = 1_000_000
DEVICES = (100_000, MILLION)
RECONNECT_SECONDS = 2 * 60 * 60


@dataclass(frozen=True, slots=True)
class Needed:
    """The fewest shards that are quick enough for so many a second, and what they do."""

    rate: int
    megabytes: float
    shards: int | None
    told: Delivered


def shards_needed(rates: Rates, seed: int) -> Sequence[Needed]:
    return [_needed(rate, memory, rates, seed) for memory in MEGABYTES for rate in A_SECOND]


def _needed(rate: int, megabytes: float, rates: Rates, seed: int) -> Needed:
    told = Delivered()
    for shards in SHARDS:
        deployment = Deployment(shards=shards, megabytes=megabytes)
        told = delivery(rate, deployment, rates, seconds=SIMULATED_SECONDS, seed=seed)
        if told.percentile(0.99) <= WITHIN_SECONDS and not told.posts_refused:
            return Needed(rate, megabytes, shards, told)
    return Needed(rate, megabytes, None, told)


@dataclass(frozen=True, slots=True)
class Broadcasting:
    """A case of the second question."""

    name: str
    deployment: Deployment
    connected: int = MILLION


BROADCASTS = (
    Broadcasting("as deployed: 2 shards", Deployment()),
    Broadcasting("… a tenth connected", Deployment(), MILLION // 10),
    Broadcasting("2 shards, 512 MB", Deployment(megabytes=512)),
    Broadcasting("8 shards", Deployment(shards=8)),
    Broadcasting("16 shards, 4 fan-outs", Deployment(shards=16, fan_out_queues=4)),
    Broadcasting(
        "… quotas × 10",
        Deployment(shards=16, fan_out_queues=4, quotas=Quotas().raised(10)),
    ),
    Broadcasting(
        "32, 8, × 10, 16 cores",
        Deployment(shards=32, fan_out_queues=8, database_cores=16, quotas=Quotas().raised(10)),
    ),
)


def broadcasts(rates: Rates, seed: int) -> Sequence[tuple[Broadcasting, Spread]]:
    return [
        (case, broadcast(MILLION, case.connected, case.deployment, rates, seed=seed))
        for case in BROADCASTS
    ]


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """A case of the third question."""

    name: str
    retries: Retries
    quotas: Quotas


RECONNECTS = (
    Reconnecting("every second", Retries(1, 1, jitter=False), Quotas()),
    Reconnecting("to 60 s, no jitter", Retries(jitter=False), Quotas()),
    Reconnecting("to 15 s, jitter", Retries(longest=15), Quotas()),
    Reconnecting("to 60 s, jitter (as built)", Retries(polls=TIMES_BLOCKED), Quotas()),
    Reconnecting("… quotas × 10", Retries(polls=TIMES_BLOCKED), Quotas().raised(10)),
    Reconnecting("to 5 min, jitter", Retries(longest=300), Quotas()),
)


def reconnects(seed: int) -> Sequence[tuple[int, Reconnecting, Recovery]]:
    return [
        (
            devices,
            case,
            reconnect(devices, case.retries, case.quotas, seed=seed, longest=RECONNECT_SECONDS),
        )
        for devices in DEVICES
        for case in RECONNECTS
    ]


@dataclass(frozen=True, slots=True)
class Answers:
    """All of them."""

    shards: Sequence[Needed]
    broadcasts: Sequence[tuple[Broadcasting, Spread]]
    reconnects: Sequence[tuple[int, Reconnecting, Recovery]]


def answers(rates: Rates, seed: int) -> Answers:
    return Answers(shards_needed(rates, seed), broadcasts(rates, seed), reconnects(seed))
