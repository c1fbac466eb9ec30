"""How long things take: what `make bench` measured, and what we assume of AWS's network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from belfry.adapters.apigateway import AT_ONCE
from infra.scale.quotas import VCPU_MEGABYTES

MANY, ONE, FRAMES = 500, 1, 320


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds for one thing, and for each further one."""

    first: float
    each: float

    def of(self, count: int) -> float:
        return self.first + self.each * max(0, count - 1)


@dataclass(frozen=True, slots=True)
class Network:
    """Assumptions, in seconds: nobody has measured Belfry on AWS."""

    round_trip: float = 0.001
    """Between a function and MongoDB in its region, more than on one machine."""
    majority: float = 0.003
    """Until a second member, in another availability zone, has a write in its journal."""
    push: float = 0.015
    """Of a call to @connections, from the last byte sent to the first one read."""
    hop: float = 0.020
    """From a message on the broker to the first line of the function that it triggers."""
    post: float = 0.040
    """From a POST to its message on the broker: authorizer (kept), function, MongoDB, confirm."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of the processor, of MongoDB, and of the network that our own functions take."""

    deliver_processor: Line
    deliver_database: Line
    prepare_processor: float
    prepare_database: float
    push_processor: float
    network: Network = Network()

    def deliver(self, people: int, megabytes: float) -> float:
        """Without the database: work of a batch for so many people, but for its pushes."""
        waits = DELIVER_ROUND_TRIPS * self.network.round_trip + 2 * self.network.majority
        return self.deliver_processor.of(people) / processors(megabytes) + waits

    def prepare(self, megabytes: float) -> float:
        """Without the database: work of a chunk of a broadcast."""
        waits = PREPARE_ROUND_TRIPS * self.network.round_trip + self.network.majority
        return self.prepare_processor / processors(megabytes) + waits

    def push(self, frames: int, megabytes: float) -> float:
        """All frames of a turn are sent before the first answer is read (adapters/apigateway)."""
        work = frames * self.push_processor / processors(megabytes)
        return work + ceil(frames / AT_ONCE) * self.network.push


DELIVER_ROUND_TRIPS = 8
"""find, three bulk writes, find, commit; connections; settle (belfry/adapters/mongo)."""
PREPARE_ROUND_TRIPS = 5
"""The broadcast, its people; update, insert, commit."""


class NoRates(Exception):
    """The file of benchmarks is not usable. The message says why."""


def processors(megabytes: float) -> float:
    """The share of a processor that comes with memory; one thread cannot use more than one."""
    return min(1.0, megabytes / VCPU_MEGABYTES)


def rates(benchmarks: Path, network: Network | None = None) -> Rates:
    """What docs/benchmarks.json says. Raises NoRates."""
    try:
        figures = {each["name"]: each for each in json.loads(benchmarks.read_text())["figures"]}
        return _rates(figures, network or Network())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoRates(
            f"{benchmarks} has not the figures that are needed ({error}): "
            "`make bench` measures them, those of bench/parts.py."
        ) from None


def _rates(figures: Mapping[str, Any], network: Network) -> Rates:
    one = _parts(figures["deliver 1 notification"])
    many = _parts(figures[f"deliver {MANY} notifications"])
    prepare = _parts(figures[f"prepare a chunk of {MANY}"])
    processor, database = (
        Line(first, (last - first) / (MANY - ONE)) for first, last in zip(one, many, strict=True)
    )
    push = _parts(figures[f"push {FRAMES} frames"])[0] / FRAMES
    return Rates(processor, database, *prepare, push, network)


def _parts(figure: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds of the thread's own work, and of waiting for the other side."""
    processor = figure["reference_value"] / 1e3
    return processor, figure["value"] / 1e3 - processor
