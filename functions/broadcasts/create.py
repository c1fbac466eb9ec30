"""POST /api/broadcasts: an administrator sends to many people."""

from http import HTTPStatus

from belfry import wire
from belfry.broadcasts import send
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import NewBroadcast
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(body=NewBroadcast, role=Role.ADMIN)
def handler(request: Request[NewBroadcast], deps: Deps) -> Response:
    broadcast = send(
        request.input,
        id_=request.id,
        may_be_done=request.may_be_done,
        audiences=deps.audiences,
        broadcasts=deps.broadcasts,
        queue=deps.queue,
        clock=deps.clock,
    )
    headers = {"location": f"/api/broadcasts/{broadcast.id}"}
    return Response(wire.broadcast(broadcast), HTTPStatus.ACCEPTED, headers)
