"""GET /api/scheduled: what an administrator has sent that is to be delivered later."""

from urllib.parse import urlencode

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import ScheduledQuery
from belfry.model import Role
from belfry.sent import to_come
from belfry.wiring import Deps


@endpoint(query=ScheduledQuery, role=Role.ADMIN)
def handler(request: Request[ScheduledQuery], deps: Deps) -> Response:
    query = request.input
    items, cursor = to_come(
        limit=query.limit, cursor=query.cursor, scheduled=deps.scheduled, clock=deps.clock
    )
    body = {"items": [wire.notification(item) for item in items], "nextCursor": cursor}
    return Response(body, headers=_link(query.limit, cursor) if cursor else {})


def _link(limit: int, cursor: str) -> dict[str, str]:
    return {"link": f'</api/scheduled?{urlencode({"limit": limit, "cursor": cursor})}>; rel="next"'}
