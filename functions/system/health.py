"""GET /api/health: does every part answer?"""

from http import HTTPStatus

from belfry.errors import Unavailable
from belfry.http import Request, Response, endpoint
from belfry.ports import Queue, Store
from belfry.wiring import Deps


@endpoint(public=True)
def handler(request: Request[None], deps: Deps) -> Response:
    parts = {"mongodb": _state(deps.store), "queue": _state(deps.queue)}
    if all(state == "ok" for state in parts.values()):
        return Response({"status": "ok", "parts": parts})
    return Response(
        {"status": "unavailable", "parts": parts},
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"retry-after": str(Unavailable.retry_after)},
    )


def _state(part: Store | Queue) -> str:
    try:
        part.check()
    except Unavailable:
        return "unavailable"
    return "ok"
