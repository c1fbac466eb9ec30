"""GET /api/notifications/{id}: one notification of the caller."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inbox import get
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    id_ = request.path["id"]
    found = get(request.caller.user_id, id_, notifications=deps.notifications)
    return Response(wire.notification(found))
