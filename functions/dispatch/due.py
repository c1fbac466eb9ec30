"""Triggered by a schedule: ends the snoozes that are over, and takes out what has expired."""

from belfry.function import Event, Function
from belfry.timing import act_on_time
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    act_on_time(
        timers=deps.timers,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
