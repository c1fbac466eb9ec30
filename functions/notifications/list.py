"""GET /api/notifications: the caller's inbox, or a part of it."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inbox import page
from belfry.inputs.inbox import InboxQuery
from belfry.paging import paged
from belfry.wiring import Deps


@endpoint(query=InboxQuery)
def handler(request: Request[InboxQuery], deps: Deps) -> Response:
    query = request.input
    found = page(
        request.caller.user_id,
        query.view(),
        limit=query.limit,
        cursor=query.cursor,
        notifications=deps.notifications,
        inboxes=deps.inboxes,
    )
    items = [wire.notification(item) for item in found.items]
    cursor, unread = found.next_cursor, found.unread
    return paged("/api/notifications", query, items, cursor, unreadCount=unread)
