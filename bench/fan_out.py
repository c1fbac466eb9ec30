"""Milliseconds from POST to frame under load: 50 people with 2 devices, 1,000 at 200/s.

Every notification has to reach both devices of its person once and nobody else, or there is no
figure. In turn pymongo makes 1,000 inserts at the same rate, majority and journaled.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial

from belfry.adapters.mongo.database import Database
from bench.devices import Device, Journey, at_rate
from bench.figure import Figure, Tell, p50_and_p99
from bench.frame import insert
from bench.processes import REFERENCE_DATABASE, Runner, belfry

PEOPLE = 50
DEVICES_EACH = 2
NOTIFICATIONS = 1000
PER_SECOND = 200
ROUNDS = 2


def measure(tell: Tell) -> list[Figure]:
    with belfry() as runner, runner.database(REFERENCE_DATABASE) as other:
        tell(f"registering {PEOPLE} people")
        people = [runner.person(f"person{number}") for number in range(PEOPLE)]
        devices = [Device(person["id"], token) for person, token in people] * DEVICES_EACH
        rounds = asyncio.run(_rounds(runner, other, devices, tell))
    return [
        Figure(
            f"POST to both frames at 200/s, {name}",
            "ms",
            [p50_and_p99(journeys)[index] for journeys, _ in rounds],
            [p50_and_p99(inserts)[index] for _, inserts in rounds],
            f"inserts at 200/s, {name}",
        )
        for index, name in enumerate(("p50", "p99"))
    ]


async def _rounds(
    runner: Runner, other: Database, devices: Sequence[Device], tell: Tell
) -> list[tuple[Sequence[float], Sequence[float]]]:
    journey = Journey(runner, devices)
    rounds: list[tuple[Sequence[float], Sequence[float]]] = []
    async with journey.listening():
        await at_rate(PER_SECOND, _sendings(journey, devices, PER_SECOND))
        await journey.latencies()
        for number in range(ROUNDS):
            tell(f"round {number + 1} of {ROUNDS}")
            journey.forget()
            await at_rate(PER_SECOND, _sendings(journey, devices, NOTIFICATIONS))
            journeys = await journey.latencies()
            inserts: list[float] = []
            note = partial(_note_insert, inserts, other)
            await at_rate(PER_SECOND, [note] * NOTIFICATIONS)
            rounds.append((journeys, inserts))
    return rounds


def _note_insert(inserts: list[float], other: Database) -> None:
    inserts.append(insert(other))


def _sendings(journey: Journey, devices: Sequence[Device], count: int) -> list[Callable[[], None]]:
    chosen = random.choices(devices, k=count)
    return [
        partial(journey.send, device.user_id, f"message {number}")
        for number, device in enumerate(chosen)
    ]
