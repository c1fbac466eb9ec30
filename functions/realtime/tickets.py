"""POST /api/realtime/tickets: a permission to open one WebSocket, for browsers."""

from belfry.http import Request, Response, created, endpoint
from belfry.sessions import TICKET_LIFETIME, issue_ticket
from belfry.wiring import Deps


@endpoint(secret=True)
def handler(request: Request[None], deps: Deps) -> Response:
    ticket = issue_ticket(request.caller, tickets=deps.tickets, clock=deps.clock)
    body = {"ticket": ticket, "expiresIn": int(TICKET_LIFETIME.total_seconds())}
    return created(body, cache_control="no-store")
