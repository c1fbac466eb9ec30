"""The dead letters of the Belfry that runs here, as its administrator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from belfry.client import Belfry

PAGE = 100
PLACE = "/api/dead-letters"

Json = dict[str, Any]
Filter = Mapping[str, str]
"""reason, userId, since and until, as the API names them; what is left out does not matter."""


class DeadLettersApi:
    """Every call raises Unreachable and Problem, with status 404 for an id that is none."""

    def __init__(self, belfry: Belfry) -> None:
        self._belfry = belfry

    def page(self, which: Filter, *, limit: int, cursor: str | None = None) -> Json:
        """A page: `items`, the newest first, and `nextCursor`."""
        query = {**which, "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return self._belfry.request("GET", PLACE, query=query)

    def ids(self, which: Filter) -> Iterator[str]:
        """All that match, page after page."""
        cursor: str | None = None
        while True:
            page = self.page(which, limit=PAGE, cursor=cursor)
            yield from (item["id"] for item in page["items"])
            cursor = page["nextCursor"]
            if cursor is None:
                return

    def get(self, letter_id: str) -> Json:
        """One, with its message."""
        return self._belfry.request("GET", f"{PLACE}/{quote(letter_id, safe='')}")

    def redrive(self, letter_id: str) -> None:
        """Send one again."""
        self._belfry.request("POST", f"{PLACE}/{quote(letter_id, safe='')}/redrive")

    def redrive_some(self, which: Filter) -> tuple[int, int]:
        """Send up to 1,000 that match again; answers how many, and how many remain."""
        answer = self._belfry.request("POST", f"{PLACE}/redrive", which)
        return answer["redriven"], answer["remaining"]

    def drop(self, letter_id: str) -> None:
        """Forget one."""
        self._belfry.request("DELETE", f"{PLACE}/{quote(letter_id, safe='')}")
