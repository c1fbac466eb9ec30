"""The action `read`: the caller marks a notification, and every device shows it."""

from belfry.delivery import tell
from belfry.inbox import mark
from belfry.inputs import ReadFrame
from belfry.model import Caller
from belfry.websocket import Frame, FrameType, route
from belfry.wiring import Deps


@route(ReadFrame)
def handler(frame: ReadFrame, caller: Caller, deps: Deps) -> Frame:
    notification, event = mark(
        caller.user_id, frame.id, read=frame.read, inboxes=deps.inboxes, clock=deps.clock
    )
    if event:
        tell(event, connections=deps.connections, pusher=deps.pusher, clock=deps.clock)
    return {"type": FrameType.DONE, "id": notification.id, "read": notification.read}
