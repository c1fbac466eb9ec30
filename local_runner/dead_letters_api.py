"""The dead letters by the HTTP API of the runner that runs here, as its administrator."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from belfry.errors import BelfryError, NotFound, Unavailable
from local_runner.home import Home

TIMEOUT_SECONDS = 30.0
TOKEN_SECONDS = 600.0
"""Less than a token is valid for: a long redrive logs in again."""

PAGE = 100

Json = dict[str, Any]
Filter = Mapping[str, str]
"""reason, userId, since and until, as the API names them; what is left out does not matter."""


class DeadLettersApi:
    """Every call raises Unavailable, or BelfryError with the words of the problem."""

    def __init__(self, url: str, home: Home) -> None:
        self._url = url
        self._home = home
        self._http = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
        self._token = ""
        self._renew_at = 0.0

    def page(self, which: Filter, *, limit: int, cursor: str | None = None) -> Json:
        """A page: `items`, the newest first, and `nextCursor`."""
        fields = {**which, "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return self._ask("GET", "", fields=fields)

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
        return self._ask("GET", f"/{quote(letter_id, safe='')}")

    def redrive(self, letter_id: str) -> None:
        """Send one again. Raises NotFound."""
        self._ask("POST", f"/{quote(letter_id, safe='')}/redrive")

    def redrive_some(self, which: Filter) -> tuple[int, int]:
        """Send up to 1,000 that match again; answers how many, and how many remain."""
        answer = self._ask("POST", "/redrive", json=dict(which))
        return answer["redriven"], answer["remaining"]

    def drop(self, letter_id: str) -> None:
        """Forget one. Raises NotFound."""
        self._ask("DELETE", f"/{quote(letter_id, safe='')}")

    def _ask(self, method: str, path: str, **content: Any) -> Json:
        if time.monotonic() >= self._renew_at:
            self._log_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._call(method, f"/api/dead-letters{path}", headers=headers, **content)

    def _log_in(self) -> None:
        admin = self._home.admin()
        credentials = {"email": admin.email, "password": admin.password}
        self._token = self._call("POST", "/api/login", json=credentials)["token"]
        self._renew_at = time.monotonic() + TOKEN_SECONDS

    def _call(self, method: str, path: str, **content: Any) -> Json:
        try:
            response = self._http.request(method, f"{self._url}{path}", **content)
            answer: Json = dict(response.json()) if response.data else {}
        except urllib3.exceptions.HTTPError:
            raise Unavailable(f"{self._url} does not answer.") from None
        except ValueError:
            raise BelfryError(f"Another program answers at {self._url}.") from None
        if response.status >= 400:
            kind = {404: NotFound, 503: Unavailable}.get(response.status, BelfryError)
            raise kind(str(answer.get("detail") or answer.get("message")))
        return answer
