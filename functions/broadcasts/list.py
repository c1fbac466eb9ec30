"""GET /api/broadcasts: what was sent to many people, newest first."""

from belfry import wire
from belfry.broadcasts import page
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import BroadcastsQuery
from belfry.model import Role
from belfry.paging import paged
from belfry.wiring import Deps


@endpoint(query=BroadcastsQuery, role=Role.ADMIN)
def handler(request: Request[BroadcastsQuery], deps: Deps) -> Response:
    query = request.input
    items, cursor = page(limit=query.limit, cursor=query.cursor, broadcasts=deps.broadcasts)
    return paged("/api/broadcasts", query, [wire.broadcast(item) for item in items], cursor)
