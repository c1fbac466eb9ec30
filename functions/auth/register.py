"""POST /api/register: somebody creates an account."""

from belfry import wire
from belfry.accounts import register
from belfry.http import Request, Response, created, endpoint
from belfry.inputs.accounts import Registration
from belfry.wiring import Deps


@endpoint(body=Registration, public=True)
def handler(request: Request[Registration], deps: Deps) -> Response:
    user = register(request.input, users=deps.users, passwords=deps.passwords, clock=deps.clock)
    return created(wire.user(user), location="/api/me")
