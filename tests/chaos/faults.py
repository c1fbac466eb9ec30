"""Which parts are killed, paused and restarted when: drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

RUNNERS = ("runner 1", "runner 2")
MONGODB, RABBITMQ = "MongoDB", "RabbitMQ"
PARTS = (*RUNNERS, MONGODB, RABBITMQ)

CALM_SECONDS = 8.0
"""Without a fault at the start of a run; at its end half as long again."""
EVERY_SECONDS = 12.0
TOGETHER_SECONDS = 1.5
PAUSES = 2.0, 6.0


class Kind(StrEnum):
    """What is done to a part."""

    KILL = "kill"
    """SIGKILL; then it is started again, as a supervisor does."""
    PAUSE = "pause"
    """SIGSTOP, and SIGCONT some seconds later."""
    RESTART = "restart"
    """SIGTERM; then it is started again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` and `lasts` in seconds; only a pause lasts, the others are over when the part serves."""

    at: float
    kind: Kind
    part: str
    lasts: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.lasts:.1f} s" if self.lasts else ""
        return f"{self.kind} {self.part}{lasts}"


def schedule(seed: int, seconds: float) -> Sequence[Fault]:
    """The faults of a run, in order. The same seed and length give the same.

    Of nine faults on each kind strikes each of runner, MongoDB and RabbitMQ. Now and then a second
    part is struck together with the first.
    """
    chance = random.Random(seed)
    usable = seconds - 2.5 * CALM_SECONDS
    count = max(1, int(usable / EVERY_SECONDS))
    every = usable / count
    pairs = list(product(Kind, ("runner", MONGODB, RABBITMQ)))
    chance.shuffle(pairs)
    pairs += chance.choices(pairs, k=max(0, count - len(pairs)))
    twice = set(chance.sample(range(count), k=count // 4))
    faults = []
    for number, (kind, part) in enumerate(pairs[:count]):
        first = chance.choice(RUNNERS) if part == "runner" else part
        at = CALM_SECONDS + every * (number + chance.uniform(0, 0.3))
        faults.append(_fault(chance, at, kind, first))
        if number in twice:
            other = chance.choice([each for each in PARTS if each != first])
            at += chance.uniform(0, TOGETHER_SECONDS)
            faults.append(_fault(chance, at, chance.choice(list(Kind)), other))
    return faults


def _fault(chance: random.Random, at: float, kind: Kind, part: str) -> Fault:
    lasts = chance.uniform(*PAUSES) if kind is Kind.PAUSE else 0.0
    return Fault(round(at, 1), kind, part, round(lasts, 1))
