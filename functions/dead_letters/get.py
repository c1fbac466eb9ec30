"""GET /api/dead-letters/{id}: all that is known of one, with the beginning of its body."""

from belfry import wire
from belfry.dead_letters import get, state_of
from belfry.http import Request, Response, endpoint
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(role=Role.ADMIN)
def handler(request: Request[None], deps: Deps) -> Response:
    letter = get(request.path["id"], dead_letters=deps.dead_letters)
    return Response(wire.whole_dead_letter(letter, state_of(letter, outbox=deps.outbox)))
