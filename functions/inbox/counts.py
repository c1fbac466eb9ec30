"""GET /api/inbox/counts: how many the caller has of this and that."""

from belfry.http import Request, Response, endpoint
from belfry.inbox import count
from belfry.inputs.inbox import CountsQuery
from belfry.wiring import Deps


@endpoint(query=CountsQuery)
def handler(request: Request[CountsQuery], deps: Deps) -> Response:
    views = [each.view() for each in request.input.filters]
    counts, position = count(
        request.caller.user_id, views, counts=deps.counts, inboxes=deps.inboxes
    )
    return Response({"counts": counts, "seq": position.seq, "unreadCount": position.unread})
