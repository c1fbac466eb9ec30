"""Triggered by a schedule: deletes what those who have left still have."""

from belfry.leaving import go_on
from belfry.schedule import scheduled
from belfry.wiring import Deps


@scheduled
def handler(deps: Deps) -> None:
    go_on(leavings=deps.leavings, clock=deps.clock)
