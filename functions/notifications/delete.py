"""DELETE /api/notifications/{id}: the caller takes one out of the inbox for good."""

from http import HTTPStatus

from belfry.changes import Change, ChangeKind
from belfry.changing import change
from belfry.http import Request, Response, endpoint
from belfry.wiring import Deps


@endpoint()
def handler(request: Request[None], deps: Deps) -> Response:
    change(
        request.caller.user_id,
        [request.path["id"]],
        Change(ChangeKind.DELETE),
        inboxes=deps.inboxes,
        devices=deps.devices,
        clock=deps.clock,
    )
    return Response(None, HTTPStatus.NO_CONTENT)
