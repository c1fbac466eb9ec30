"""GET /api/online: an administrator sees who has which WebSockets open."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.accounts import OnlineQuery
from belfry.model import Role
from belfry.people import online
from belfry.wiring import Deps


@endpoint(query=OnlineQuery, role=Role.ADMIN)
def handler(request: Request[OnlineQuery], deps: Deps) -> Response:
    query = request.input
    found = online(
        limit=query.limit, cursor=query.cursor, presence=deps.presence, people=deps.people
    )
    body = {
        **wire.online(found.totals),
        "items": [wire.person_online(*each) for each in found.items],
        "nextCursor": found.next_cursor,
    }
    return Response(body)
