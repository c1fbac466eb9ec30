"""Triggered by the queue of the fan-out: does the next chunk of a broadcast."""

from belfry.fan_out import Parts, fan_out
from belfry.function import Event, Function
from belfry.queue_event import messages_of
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    parts = Parts(
        chunks=deps.chunks,
        audiences=deps.audiences,
        inboxes=deps.inboxes,
        devices=deps.devices,
        queue=deps.queue,
        statistics=deps.statistics,
        clock=deps.clock,
    )
    fan_out(messages_of(event), parts)
