"""The action `sync`: where the inbox is, or what happened since a client's position."""

from belfry import wire
from belfry.inbox import catch_up
from belfry.inputs.inbox import SyncFrame
from belfry.model import Caller
from belfry.websocket import Frame, route
from belfry.wiring import Deps


@route(SyncFrame, renews=True)
def handler(frame: SyncFrame, caller: Caller, deps: Deps) -> Frame:
    if frame.since is None:
        return wire.ready(deps.inboxes.position(caller.user_id))
    missed = catch_up(
        caller.user_id, frame.since, inboxes=deps.inboxes, notifications=deps.notifications
    )
    return wire.sync(missed.position, missed.events, missed.contents, more=missed.more)
