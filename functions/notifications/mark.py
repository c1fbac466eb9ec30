"""PUT /api/notifications/{id}: the caller marks a notification, and every device shows it."""

from belfry import wire
from belfry.changing import mark
from belfry.http import Request, Response, endpoint
from belfry.inputs.inbox import Mark
from belfry.wiring import Deps


@endpoint(body=Mark)
def handler(request: Request[Mark], deps: Deps) -> Response:
    notification = mark(
        request.caller.user_id,
        request.path["id"],
        read=request.input.read,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(wire.notification(notification))
