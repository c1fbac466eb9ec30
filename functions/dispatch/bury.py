"""Triggered by the queue of the dead letters: keeps what was given up."""

from belfry.burial import bury
from belfry.function import Event, Function
from belfry.queue_event import messages_of
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    bury(
        messages_of(event),
        dead_letters=deps.dead_letters,
        notifications=deps.notifications,
        outbox=deps.outbox,
        clock=deps.clock,
    )
