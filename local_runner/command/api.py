"""The HTTP API of the runner that runs here, called as its administrator."""

from __future__ import annotations

import time
from typing import Any

import urllib3

from belfry.errors import BelfryError, NotFound, Unavailable
from local_runner.command.home import Admin

TIMEOUT_SECONDS = 30.0
TOKEN_SECONDS = 600.0
"""Less than a token is valid for: work that takes longer logs in again."""

Json = dict[str, Any]


class Api:
    """Logs in when that is needed."""

    def __init__(self, url: str, admin: Admin) -> None:
        self._url = url
        self._admin = admin
        self._http = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
        self._token = ""
        self._renew_at = 0.0

    def ask(self, method: str, path: str, **content: Any) -> Json:
        """The answer's JSON; `content` is what urllib3 takes: `json`, `fields`.

        Raises Unavailable when nobody answers, NotFound, and BelfryError otherwise, with the words
        of the problem.
        """
        if time.monotonic() >= self._renew_at:
            credentials = {"email": self._admin.email, "password": self._admin.password}
            self._token = self._call("POST", "/api/login", json=credentials)["token"]
            self._renew_at = time.monotonic() + TOKEN_SECONDS
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._call(method, path, headers=headers, **content)

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
