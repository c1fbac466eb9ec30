"""GET /api/broadcasts: what was sent to many people, newest first."""

from urllib.parse import urlencode

from belfry import wire
from belfry.broadcasts import page
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import BroadcastsQuery
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(query=BroadcastsQuery, role=Role.ADMIN)
def handler(request: Request[BroadcastsQuery], deps: Deps) -> Response:
    query = request.input
    items, cursor = page(limit=query.limit, cursor=query.cursor, broadcasts=deps.broadcasts)
    body = {"items": [wire.broadcast(item) for item in items], "nextCursor": cursor}
    return Response(body, headers=_link(query, cursor) if cursor else {})


def _link(query: BroadcastsQuery, cursor: str) -> dict[str, str]:
    parameters = urlencode({"limit": query.limit, "cursor": cursor})
    return {"link": f'</api/broadcasts?{parameters}>; rel="next"'}
