"""POST /api/broadcasts/{id}/withdraw: it goes no further, and leaves the inboxes it was in."""

from http import HTTPStatus

from belfry.broadcasts import withdraw
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    withdraw(request.path["id"], broadcasts=deps.broadcasts, queue=deps.queue, clock=deps.clock)
    return Response(None, HTTPStatus.NO_CONTENT)
