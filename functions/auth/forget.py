"""Triggered by a schedule: deletes what those who have left still have."""

from belfry.function import Event, Function
from belfry.leaving import go_on
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    go_on(leavings=deps.leavings, clock=deps.clock)
