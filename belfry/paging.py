"""The answer to who asks for a list: a page of it, and where the next one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from belfry.http import Response

if TYPE_CHECKING:
    from pydantic import BaseModel


def paged(
    path: str, query: BaseModel, items: Sequence[Any], cursor: str | None, **more: Any
) -> Response:
    """A page of the list at `path`; None ends it. `more` stands beside the items in the body.

    The next page has an address in the header `Link` (RFC 8288), with all that was asked for.
    """
    body = {"items": items, "nextCursor": cursor, **more}
    return Response(body, headers={} if cursor is None else _link(path, query, cursor))


def _link(path: str, query: BaseModel, cursor: str) -> dict[str, str]:
    asked = query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    asked |= query.model_dump(include={"limit"}) | {"cursor": cursor}
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in asked.items()
    }
    return {"link": f'<{path}?{urlencode(texts)}>; rel="next"'}
