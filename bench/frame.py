"""Milliseconds from POST to frame at 10/s: one person, one device, nothing else going on.

Sender and device are in this process, so one monotonic clock times both ends. Between two POSTs
pymongo inserts one such document alone, majority and journaled: the floor, and the walk has two
such waits one after the other (storing the notification, then numbering it in its inbox).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from belfry.adapters.mongo.database import Database
from bench.devices import Device, Journey, at_rate
from bench.figure import Aim, Figure, Tell, p50_and_p99
from bench.post import document
from bench.processes import REFERENCE_DATABASE, Runner, belfry

PER_SECOND = 10
SECONDS = 25
WARM_UP = 20


def measure(tell: Tell) -> list[Figure]:
    with belfry() as runner, runner.database(REFERENCE_DATABASE) as other:
        tell(f"{PER_SECOND} a second for {SECONDS} s")
        journeys, inserts = asyncio.run(_travel(runner, other))
    pairs = zip(p50_and_p99(journeys), p50_and_p99(inserts), strict=True)
    return [
        Figure(
            f"POST to frame at 10/s, {name}",
            "ms",
            [measured],
            [reference],
            f"one journaled insert, {name}",
            aims=(aim,),
        )
        for (measured, reference), name, aim in zip(
            pairs,
            ("p50", "p99"),
            (Aim(5, at_least=False), Aim(10, at_least=False)),
            strict=True,
        )
    ]


async def _travel(runner: Runner, other: Database) -> tuple[Sequence[float], Sequence[float]]:
    person, token = runner.person("listener")
    journey = Journey(runner, [Device(person["id"], token)])
    inserts: list[float] = []

    def sending(number: int) -> Callable[[], None]:
        return lambda: journey.send(person["id"], f"message {number}")

    async def round_of(count: int) -> Sequence[float]:
        journey.forget()
        inserts.clear()
        calls = [
            call
            for number in range(count)
            for call in (sending(number), lambda: inserts.append(insert(other)))
        ]
        await at_rate(PER_SECOND * 2, calls)
        return await journey.latencies()

    async with journey.listening():
        await round_of(WARM_UP)
        return await round_of(PER_SECOND * SECONDS), inserts


def insert(other: Database) -> float:
    """Milliseconds of one insert."""
    new = document()
    started = time.perf_counter()
    other.notifications.insert_one(new)
    return (time.perf_counter() - started) * 1e3
