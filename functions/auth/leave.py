"""DELETE /api/me: the caller leaves for good."""

from http import HTTPStatus

from belfry.http import Request, Response, endpoint
from belfry.leaving import leave
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    leave(
        request.caller,
        users=deps.users,
        leavings=deps.leavings,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(None, HTTPStatus.NO_CONTENT)
