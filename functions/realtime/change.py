"""The action `change`: the caller changes some or all of what they have."""

from belfry.changing import change
from belfry.inputs.inbox import ChangeFrame
from belfry.model import Caller
from belfry.websocket import Frame, route
from belfry.wire import FrameType
from belfry.wiring import Deps


@route(ChangeFrame)
def handler(frame: ChangeFrame, caller: Caller, deps: Deps) -> Frame:
    outcome = change(
        caller.user_id,
        frame.which(),
        frame.asked(),
        cursor=frame.cursor,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return {
        "type": FrameType.DONE,
        "changed": outcome.changed,
        "nextCursor": outcome.next_cursor,
    }
