"""POST /api/dead-letters/redrive: all that match are sent on their way again, oldest first."""

from belfry.dead_letters import redrive_all
from belfry.http import Request, Response, endpoint
from belfry.inputs.operating import Redrive
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(body=Redrive, role=Role.ADMIN)
def handler(request: Request[Redrive], deps: Deps) -> Response:
    redriven, remaining = redrive_all(
        request.input.filter(),
        dead_letters=deps.dead_letters,
        notifications=deps.notifications,
        outbox=deps.outbox,
        queue=deps.queue,
        clock=deps.clock,
    )
    return Response({"redriven": redriven, "remaining": remaining})
