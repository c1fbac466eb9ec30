"""GET /api/topics: what the caller follows."""

from belfry.http import Request, Response, endpoint
from belfry.topics import followed_by
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    topics = followed_by(request.caller, subscriptions=deps.subscriptions)
    return Response({"topics": list(topics)})
