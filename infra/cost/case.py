"""One thing to estimate: people, wiring, measurements, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.cost.load import Habits, Load
from infra.cost.measured import Measured
from infra.cost.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Case:
    """All that an estimate depends on, but for the prices."""

    load: Load
    wiring: Wiring
    measured: Measured
    habits: Habits = field(default_factory=Habits)
    arm: bool = True
    broker_nodes: int = 1
    """A single one, as by default, or three in as many data centres."""
    notifications_per_frame: float | None = None
    """None: as many of one person as are in a batch."""
    senders_behind_distribution: bool = True
    """Whether senders call the output `Url`, or `HttpApiUrl`."""
