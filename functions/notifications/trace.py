"""GET /api/notifications/{id}/trace: an administrator asks where a notification is."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.trace import trace
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    found = trace(request.path["id"], notifications=deps.notifications)
    return Response(wire.trace(found))
