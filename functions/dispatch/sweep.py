"""Triggered by a schedule: publishes what should have been dispatched, or done, by now."""

from belfry.broadcasts import publish_overdue
from belfry.schedule import scheduled
from belfry.sending import may_sweep, sweep
from belfry.wiring import Deps


@scheduled
def handler(deps: Deps) -> None:
    if may_sweep(deps.queue):
        publish_overdue(deps.broadcasts, deps.queue, deps.clock)
        sweep(outbox=deps.outbox, queue=deps.queue, clock=deps.clock)
