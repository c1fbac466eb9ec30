"""How often each function runs in a month, and for how long.

A function gets a processor in proportion to its memory: a whole one at 1,769 MB (Lambda developer
guide, "Configure Lambda function memory"). So what was measured on one core takes as many times
longer, and what a function waits for others does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from infra.cost.case import Case
from infra.cost.load import SECONDS
from infra.cost.traffic import Traffic, traffic
from infra.cost.wiring import DISPATCHER, SHORTEST

WHOLE_PROCESSOR = 1769.0
ROUND_TRIPS_OF_A_BATCH = 7
MOST_BUSY = 0.8
"""Of the busiest hour, for one queue's dispatcher; above it there has to be another queue."""


@dataclass(frozen=True, slots=True)
class Use:
    """Of one function, in a month."""

    function: str
    invocations: float
    milliseconds: float
    """Of one invocation, its share of a cold start included."""
    megabytes: int

    @property
    def gigabyte_seconds(self) -> float:
        return self.invocations * self.milliseconds / 1000 * self.megabytes / 1024


def uses(case: Case) -> tuple[Use, ...]:
    """Of every function that runs often enough to cost."""
    deliveries = dispatching(case)
    happens = traffic(case, deliveries.per_frame)
    return tuple(
        Use(
            name,
            count,
            milliseconds + case.habits.cold * case.measured.start,
            case.wiring.megabytes(name),
        )
        for name, count, milliseconds in (
            *_called(case, happens),
            (DISPATCHER, deliveries.invocations, deliveries.milliseconds),
            *_scheduled(case),
        )
    )


def _called(case: Case, happens: Traffic) -> Iterator[tuple[str, float, float]]:
    """What HTTP calls and WebSocket messages invoke."""
    trip, habits, page = case.habits.round_trip_ms, case.habits, case.measured.page
    write = trip + habits.majority_ms
    for name, count, cpu, waits in (
        (
            "notifications.create",
            happens.notifications,
            case.measured.post,
            write + habits.confirm_ms,
        ),
        ("auth.authorize", happens.authorized, page, 0.0),
        ("auth.authorize_websocket", happens.sessions, page, write),
        ("realtime.tickets", happens.sessions, page, write),
        ("realtime.connections", 2 * happens.sessions, page, write),
        ("realtime.sync", happens.syncs, page, 3 * trip),
        ("notifications.list", happens.sessions, page, 3 * trip),
        ("inbox.counts", happens.sessions, page, 2 * trip),
        ("inbox.change", happens.changes, page, 5 * trip + write + trip),
    ):
        yield name, count, cpu * _slower(case, name) + waits


def _scheduled(case: Case) -> Iterator[tuple[str, float, float]]:
    """What shall happen more often than once a minute runs all the time, and repeats itself."""
    for name, every in case.wiring.schedules.items():
        once = case.measured.page * _slower(case, name) + 5 * case.habits.round_trip_ms
        loops = every < SHORTEST
        yield name, SECONDS / max(every, SHORTEST), SHORTEST * 1000 if loops else once


@dataclass(frozen=True, slots=True)
class Dispatching:
    """How the dispatcher works: one batch at a time per queue."""

    queues: int
    batch: float
    invocations: float
    milliseconds: float
    per_frame: float
    """Notifications of one person that travel together."""


def dispatching(case: Case) -> Dispatching:
    """What waits while a batch is delivered is the next one.

    With `fixed` milliseconds for a batch and `each` for a notification, n that come at `rate` a
    millisecond are as many as come in that time: n = rate × (fixed + each × n).
    """
    fixed, each = _batch(case)
    per_ms = case.load.notifications / 86_400_000
    full = (fixed + each * case.wiring.batch) / case.wiring.batch
    queues = max(1, case.wiring.shards, ceil(per_ms * case.habits.peak * full / MOST_BUSY))
    rate = per_ms / queues
    keeping_up = rate * fixed / (1 - rate * each) if rate * each < 1 else float("inf")
    batch = min(max(1.0, keeping_up), case.wiring.batch)
    count = case.load.notifications * SECONDS / 86_400 / batch
    people = max(1.0, case.load.users / queues)
    per_frame = case.notifications_per_frame or _together(batch, people)
    return Dispatching(queues, batch, count, fixed + each * batch, per_frame)


def _batch(case: Case) -> tuple[float, float]:
    """Milliseconds of a batch, and of each notification in it."""
    line, slower = case.measured.deliver, _slower(case, DISPATCHER)
    frames = case.load.online * case.load.devices
    push = case.measured.push_cpu * slower + case.measured.push_wait
    network = ROUND_TRIPS_OF_A_BATCH * case.habits.round_trip_ms + case.habits.majority_ms
    fixed = line.cpu * slower + line.wait + network
    return fixed, line.cpu_each * slower + line.wait_each + push * frames


def _slower(case: Case, function: str) -> float:
    return WHOLE_PROCESSOR / case.wiring.megabytes(function)


def _together(batch: float, people: float) -> float:
    """How many of a batch are for the same person, when it is as likely anybody's."""
    reached = people * (1 - (1 - 1 / people) ** batch) if people > 1 else 1.0
    return max(1.0, batch / reached)
