"""POST /api/inbox/changes: the caller changes some or all of what they have."""

from belfry.changing import change
from belfry.http import Request, Response, endpoint
from belfry.inputs.inbox import InboxChange
from belfry.wiring import Deps


@endpoint(body=InboxChange)
def handler(request: Request[InboxChange], deps: Deps) -> Response:
    outcome = change(
        request.caller.user_id,
        request.input.which(),
        request.input.asked(),
        cursor=request.input.cursor,
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(
        {
            "changed": outcome.changed,
            "nextCursor": outcome.next_cursor,
            "seq": outcome.position.seq,
            "unreadCount": outcome.position.unread,
        }
    )
