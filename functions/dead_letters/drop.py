"""DELETE /api/dead-letters/{id}: one is forgotten for good."""

from http import HTTPStatus

from belfry.dead_letters import drop
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    drop(request.path["id"], dead_letters=deps.dead_letters)
    return Response(None, HTTPStatus.NO_CONTENT)
