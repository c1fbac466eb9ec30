"""POST /api/dead-letters/{id}/redrive: one is sent on its way again."""

from belfry.dead_letters import redrive
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    redrive(
        request.path["id"],
        dead_letters=deps.dead_letters,
        notifications=deps.notifications,
        outbox=deps.outbox,
        queue=deps.queue,
        clock=deps.clock,
    )
    return Response({"redriven": 1})
