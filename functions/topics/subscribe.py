"""PUT /api/topics/{topic}/subscription: the caller follows a topic."""

from http import HTTPStatus

from belfry.http import Request, Response, endpoint
from belfry.topics import subscribe
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    subscribe(request.caller, request.path["topic"], subscriptions=deps.subscriptions)
    return Response(None, HTTPStatus.NO_CONTENT)
