"""GET /api/me: the caller."""

from belfry import wire
from belfry.accounts import look_up
from belfry.http import Request, Response, endpoint
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    return Response(wire.user(look_up(request.caller.user_id, users=deps.users)))
