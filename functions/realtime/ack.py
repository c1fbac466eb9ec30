"""The action `ack`: a device has shown notifications. Answers nothing when all is well."""

from belfry.inputs.inbox import AckFrame
from belfry.model import Caller
from belfry.websocket import route
from belfry.wiring import Deps


@route(AckFrame)
def handler(frame: AckFrame, caller: Caller, deps: Deps) -> None:
    deps.notifications.acknowledge(caller.user_id, frame.ids, deps.clock())
