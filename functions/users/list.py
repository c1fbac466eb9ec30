"""GET /api/users: an administrator looks for people."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.accounts import UsersQuery
from belfry.model import Role
from belfry.people import search
from belfry.wiring import Deps


@endpoint(query=UsersQuery, role=Role.ADMIN)
def handler(request: Request[UsersQuery], deps: Deps) -> Response:
    query = request.input
    found = search(query.search or "", limit=query.limit, cursor=query.cursor, people=deps.people)
    items = [wire.user(person) for person in found.items]
    return Response({"items": items, "nextCursor": found.next_cursor})
