"""Triggered by a schedule: publishes what should have been dispatched by now."""

from belfry.function import Event, Function
from belfry.sending import sweep
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    sweep(outbox=deps.outbox, queue=deps.queue, clock=deps.clock)
