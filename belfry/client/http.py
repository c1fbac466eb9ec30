"""Calls over HTTP: the retries, and an answer made into JSON or an error."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import urllib3

from belfry.client.backoff import Backoff
from belfry.client.errors import Problem, Unreachable

TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)  # a long poll takes up to 25 s
MAX_TRIES = 5
BACKOFF = Backoff(first=0.25, longest=8.0)
LONGEST_RETRY_AFTER_SECONDS = 30.0
IDEMPOTENT = frozenset({"GET", "PUT"})  # RFC 9110, 9.2.2; a repeated DELETE would answer 404
UNAUTHORIZED = 401
CONFLICT = 409  # with Retry-After: the first try of the same Idempotency-Key is still at work
LONGEST_WORK_SECONDS = 40.0  # if that try has died, the key is free again after half a minute
PASSING = frozenset({429, 502, 503, 504})

Json = dict[str, Any]
Token = Callable[[], str]
Sleep = Callable[[float], None]


class Answer(Json):
    """The object that Belfry answered; what is missing in it shows that it was not Belfry."""

    def __missing__(self, name: str) -> Any:
        raise Unreachable(f"Another program answers: it says nothing of {name}.")


class Http:
    """The HTTP API at an address. It may be used from many threads."""

    def __init__(
        self,
        url: str,
        token: Token | None = None,
        sleep: Sleep = time.sleep,
        websocket_url: str | None = None,
    ) -> None:
        """`token` is asked for each call; without it, calls carry none.

        `websocket_url` is for those who listen; without it, it is `/ws` at the same host.
        """
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url: {url!r} does not begin with http:// or https://")
        self.url = url.rstrip("/")
        self.websocket_url = websocket_url or self.url.replace("http", "ws", 1) + "/ws"
        if not self.websocket_url.startswith(("ws://", "wss://")):
            raise ValueError(
                f"websocket_url: {websocket_url!r} does not begin with ws:// or wss://"
            )
        self.token = token
        self._sleep = sleep
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=8)

    def close(self) -> None:
        """Let go of the open connections."""
        self._pool.clear()

    def post(self, path: str, body: Json | None = None, key: str | None = None) -> Json:
        """POST so that a retry is safe: with an Idempotency-Key, a new one unless it is given."""
        return self.call("POST", path, {"Idempotency-Key": key or str(uuid4())}, json=body)

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
        **content: Any,
    ) -> Json:
        """The answer's JSON; `content` is what urllib3 takes: `json`, `fields`.

        What may be repeated safely, by its method, its key or because `repeatable` says so, is
        tried up to five times while the trouble may pass; that a first try is still at work is no
        trouble, but waited for. Raises Unreachable and Problem.
        """
        headers = headers or {}
        repeatable = repeatable or method in IDEMPOTENT or "Idempotency-Key" in headers
        for failures in range(1, MAX_TRIES if repeatable else 1):
            try:
                response = self._settled(method, path, headers, content)
            except Unreachable:
                self._sleep(BACKOFF.wait(failures))
                continue
            after = _retry_after(response)
            if not _may_pass(response.status, after):
                return self._content(response)
            self._sleep((after or 0.0) + BACKOFF.wait(failures))
        return self._content(self._settled(method, path, headers, content))

    def _settled(
        self, method: str, path: str, headers: Mapping[str, str], content: Mapping[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        """The answer, once no other try of the same Idempotency-Key is at work any more."""
        waited = 0.0
        while True:
            response = self._once(method, path, headers, content)
            after = _retry_after(response)
            if response.status != CONFLICT or after is None or waited >= LONGEST_WORK_SECONDS:
                return response
            wait = after + BACKOFF.wait(1)
            self._sleep(wait)
            waited += wait

    def try_once(self, path: str, fields: Mapping[str, str]) -> Json:
        """GET without any retry, for those who have their own."""
        return self._content(self._once("GET", path, {}, {"fields": fields}))

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], content: Mapping[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        """One answer; a token that was refused, and can be renewed, is."""
        response = self._send(method, path, headers, content)
        if response.status == UNAUTHORIZED and isinstance(self.token, LogIn):
            self.token.forget()
            response = self._send(method, path, headers, content)
        return response

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], content: Mapping[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        authorization = {"Authorization": f"Bearer {self.token()}"} if self.token else {}
        all_headers = {**authorization, **headers}
        try:
            return self._pool.request(method, self.url + path, headers=all_headers, **content)
        except urllib3.exceptions.HTTPError:
            raise Unreachable(f"{self.url} does not answer.") from None

    def _content(self, response: urllib3.BaseHTTPResponse) -> Json:
        try:
            answer = Answer(json.loads(response.data) if response.data else {})
        except (ValueError, TypeError):
            if response.status in PASSING:  # by what stands in front of Belfry, such as a proxy
                raise Problem(response.status, f"The answer was {response.status}.") from None
            raise Unreachable(f"Another program answers at {self.url}.") from None
        if response.status >= 400:
            raise Problem.from_answer(response.status, answer)
        return answer


class LogIn:
    """The token of an account, got anew before it expires."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._http = Http(url)
        self._credentials = {"email": email, "password": password}
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def __call__(self) -> str:
        """Raises Unreachable, and Problem with status 401 for a wrong password."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                answer = self._http.call("POST", "/api/login", json=self._credentials)
                self._token = answer["token"]
                # Early enough for a call that takes long, and for clocks that differ.
                self._renew_at = time.monotonic() + answer["expiresIn"] * 2 / 3
            return self._token

    def forget(self) -> None:
        """The token was refused: log in for the next call."""
        self._renew_at = 0.0


def _may_pass(status: int, retry_after: float | None) -> bool:
    if retry_after is not None and retry_after > LONGEST_RETRY_AFTER_SECONDS:
        return False
    return status in PASSING


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """The seconds of Retry-After; Belfry never gives a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None
