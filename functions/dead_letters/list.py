"""GET /api/dead-letters: what was given up, newest first."""

from belfry import wire
from belfry.dead_letters import page
from belfry.http import Request, Response, endpoint
from belfry.inputs.operating import DeadLettersQuery
from belfry.model import Role
from belfry.paging import paged
from belfry.wiring import Deps


@endpoint(query=DeadLettersQuery, role=Role.ADMIN)
def handler(request: Request[DeadLettersQuery], deps: Deps) -> Response:
    query = request.input
    found = page(
        query.filter(), limit=query.limit, cursor=query.cursor, dead_letters=deps.dead_letters
    )
    items = [wire.dead_letter(letter) for letter in found.items]
    return paged("/api/dead-letters", query, items, found.next_cursor)
