"""Triggered by a schedule: ends the snoozes that are over, and takes out what has expired."""

from belfry.schedule import scheduled
from belfry.timing import act_on_time
from belfry.wiring import Deps


@scheduled
def handler(deps: Deps) -> None:
    act_on_time(
        timers=deps.timers,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
