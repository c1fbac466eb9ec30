"""Triggered by the delivery queues: brings a batch into inboxes and onto devices."""

from belfry.delivery import Parts, deliver
from belfry.function import Event, Function
from belfry.queue_event import messages_of
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    parts = Parts(
        inboxes=deps.inboxes,
        devices=deps.devices,
        outbox=deps.outbox,
        queue=deps.queue,
        retry=deps.retry,
        statistics=deps.statistics,
        clock=deps.clock,
    )
    deliver(messages_of(event), parts)
