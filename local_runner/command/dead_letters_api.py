"""The dead letters by the HTTP API of the runner that runs here, as its administrator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from local_runner.command.api import Api, Json

PAGE = 100
PLACE = "/api/dead-letters"

Filter = Mapping[str, str]
"""reason, userId, since and until, as the API names them; what is left out does not matter."""


class DeadLettersApi:
    """Every call raises Unavailable, or BelfryError with the words of the problem."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def page(self, which: Filter, *, limit: int, cursor: str | None = None) -> Json:
        """A page: `items`, the newest first, and `nextCursor`."""
        fields = {**which, "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return self._api.ask("GET", PLACE, fields=fields)

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
        """One, with its message. Raises NotFound."""
        return self._api.ask("GET", f"{PLACE}/{quote(letter_id, safe='')}")

    def redrive(self, letter_id: str) -> None:
        """Send one again. Raises NotFound."""
        self._api.ask("POST", f"{PLACE}/{quote(letter_id, safe='')}/redrive")

    def redrive_some(self, which: Filter) -> tuple[int, int]:
        """Send up to 1,000 that match again; answers how many, and how many remain."""
        answer = self._api.ask("POST", f"{PLACE}/redrive", json=dict(which))
        return answer["redriven"], answer["remaining"]

    def drop(self, letter_id: str) -> None:
        """Forget one. Raises NotFound."""
        self._api.ask("DELETE", f"{PLACE}/{quote(letter_id, safe='')}")
