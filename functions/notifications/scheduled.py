"""GET /api/scheduled: what an administrator has sent that is to be delivered later."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.sending import ScheduledQuery
from belfry.model import Role
from belfry.paging import paged
from belfry.sent import to_come
from belfry.wiring import Deps


@endpoint(query=ScheduledQuery, role=Role.ADMIN)
def handler(request: Request[ScheduledQuery], deps: Deps) -> Response:
    query = request.input
    items, cursor = to_come(
        limit=query.limit, cursor=query.cursor, scheduled=deps.scheduled, clock=deps.clock
    )
    return paged("/api/scheduled", query, [wire.notification(item) for item in items], cursor)
