"""DELETE /api/notifications/{id}: the caller takes one out of the inbox for good."""

from http import HTTPStatus

from belfry.changes import Change, ChangeKind
from belfry.http import Request, Response, endpoint
from belfry.inbox import change
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    change(
        request.caller.user_id,
        [request.path["id"]],
        Change(ChangeKind.DELETE),
        inboxes=deps.inboxes,
        connections=deps.connections,
        pusher=deps.pusher,
        clock=deps.clock,
    )
    return Response(None, HTTPStatus.NO_CONTENT)
