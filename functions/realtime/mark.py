"""The action `read`: the caller marks a notification, and every device shows it."""

from belfry.changing import mark
from belfry.inputs.inbox import ReadFrame
from belfry.model import Caller
from belfry.websocket import Frame, route
from belfry.wire import FrameType
from belfry.wiring import Deps


@route(ReadFrame)
def handler(frame: ReadFrame, caller: Caller, deps: Deps) -> Frame:
    notification = mark(
        caller.user_id,
        frame.id,
        read=frame.read,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return {"type": FrameType.DONE, "id": notification.id, "read": notification.read}
