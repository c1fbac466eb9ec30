"""GET /api/notifications: the caller's inbox, or a part of it."""

from urllib.parse import urlencode

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inbox import page
from belfry.inputs.inbox import InboxQuery
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
    body = {
        "items": [wire.notification(item) for item in found.items],
        "nextCursor": found.next_cursor,
        "unreadCount": found.unread,
    }
    return Response(body, headers=_link(query, found.next_cursor) if found.next_cursor else {})


def _link(query: InboxQuery, cursor: str) -> dict[str, str]:
    parameters = query.model_dump(mode="json", exclude_defaults=True)
    parameters |= {"limit": query.limit, "cursor": cursor}
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
    }
    return {"link": f'</api/notifications?{urlencode(texts)}>; rel="next"'}
