"""GET /api/broadcasts/{id}: how far a broadcast is."""

from belfry import wire
from belfry.broadcasts import get
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    return Response(wire.broadcast(get(request.path["id"], broadcasts=deps.broadcasts)))
