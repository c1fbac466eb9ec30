"""GET /api/inbox/events: the action `sync` for those without a WebSocket."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inbox import wait_for_events
from belfry.inputs.inbox import EventsQuery
from belfry.wiring import Deps

_NO_STORE = {"cache-control": "no-store"}


@endpoint(query=EventsQuery)
def handler(request: Request[EventsQuery], deps: Deps) -> Response:
    query, user_id = request.input, request.caller.user_id
    if query.since is None:
        return Response(wire.ready(deps.inboxes.position(user_id)), headers=_NO_STORE)
    missed = wait_for_events(
        user_id,
        query.since,
        seconds=query.wait,
        inboxes=deps.inboxes,
        notifications=deps.notifications,
        clock=deps.clock,
        pause=deps.pause,
    )
    body = wire.sync(missed.position, missed.events, missed.contents, more=missed.more)
    return Response(body, headers=_NO_STORE)
