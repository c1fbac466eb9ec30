"""GET /api/dead-letters: what was given up, newest first."""

from urllib.parse import urlencode

from belfry import wire
from belfry.dead_letters import page
from belfry.http import Request, Response, endpoint
from belfry.inputs.operating import DeadLettersQuery
from belfry.model import Role
from belfry.wiring import Deps


@endpoint(query=DeadLettersQuery, role=Role.ADMIN)
def handler(request: Request[DeadLettersQuery], deps: Deps) -> Response:
    query = request.input
    found = page(
        query.filter(), limit=query.limit, cursor=query.cursor, dead_letters=deps.dead_letters
    )
    body = {
        "items": [wire.dead_letter(letter) for letter in found.items],
        "nextCursor": found.next_cursor,
    }
    return Response(body, headers=_link(query, found.next_cursor) if found.next_cursor else {})


def _link(query: DeadLettersQuery, cursor: str) -> dict[str, str]:
    parameters = query.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"link": f'</api/dead-letters?{urlencode(parameters | {"cursor": cursor})}>; rel="next"'}
