"""The action `sync`: where the inbox is, or what happened since a client's position."""

from belfry import wire
from belfry.inbox import catch_up
from belfry.inputs import SyncFrame
from belfry.model import Caller
from belfry.websocket import Frame, FrameType, route
from belfry.wiring import Deps


@route(SyncFrame)
def handler(frame: SyncFrame, caller: Caller, deps: Deps) -> Frame:
    if frame.since is None:
        position = deps.inboxes.position(caller.user_id)
        return {"type": FrameType.READY, "seq": position.seq, "unreadCount": position.unread}
    missed = catch_up(
        caller.user_id, frame.since, inboxes=deps.inboxes, notifications=deps.notifications
    )
    events = missed.events or ()
    return {
        "type": FrameType.SYNC,
        "seq": missed.position.seq,
        "unreadCount": missed.position.unread,
        "recovered": missed.events is not None,
        "events": [wire.event(event, missed.contents) for event in events],
        "more": missed.more,
    }
