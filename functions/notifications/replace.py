"""PUT /api/notifications/{id}/content: an administrator replaces what a notification says."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import NewContent
from belfry.model import Role
from belfry.sent import replace
from belfry.wiring import Deps


@endpoint(body=NewContent, role=Role.ADMIN)
def handler(request: Request[NewContent], deps: Deps) -> Response:
    notification = replace(
        request.path["id"],
        request.input.content(),
        notifications=deps.notifications,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(wire.notification(notification))
