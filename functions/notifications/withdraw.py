"""POST /api/notifications/{id}/withdraw: an administrator takes a notification back."""

from http import HTTPStatus

from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.sent import withdraw
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    withdraw(
        request.path["id"],
        notifications=deps.notifications,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(None, HTTPStatus.NO_CONTENT)
