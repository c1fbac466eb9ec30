"""Pushes frames to open WebSockets by the `@connections` API of Amazon API Gateway.

Signed by botocore, and sent in two steps: all requests of a turn go out, each on a connection of
its own, and then the answers are read. So one thread has many pushes under way; a pool of threads
or boto3's client take several times as long for the same (docs/architecture.md has the figures).
"""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from belfry.model import Connection
from belfry.ports import PushResult
from belfry.settings import Settings

log = logging.getLogger(__name__)

AT_ONCE = 32
"""Pushes under way at a time, and connections kept open to one endpoint."""

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
"""For all answers of a turn together."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds, at most, before each further try of what a turn was refused with 429.

Whatever an account does shares one rate, and a broadcast goes beyond it. For that a message's
retries are too few and too far apart; after a pause, some more get through. A 429 may also say that
a device reads too slowly (service model of the `@connections` API): so there are few tries.
"""
PATIENCE_SECONDS = 5.0
"""For all pauses of one call: an invocation has more to do, and its time is bounded."""

_Frame = tuple[Connection, bytes | None]


class _Endpoint(NamedTuple):
    scheme: str
    host: str
    path: str


@dataclass(slots=True)
class _Post:
    """A push under way: on which HTTP connection, or why it has none. None hangs up."""

    connection: Connection
    frame: bytes | None
    http: HTTPConnection | None = None
    reused: bool = False
    error: Exception | None = None


_Failed = dict[_Endpoint, PushResult]
"""What one call of `push` has learnt about endpoints, so that it asks a dead one only once."""


class ApiGatewayPusher:
    """Posts each frame to the endpoint that its connection belongs to.

    When that takes no more for the moment it is asked again, after short pauses.
    """

    def __init__(self, settings: Settings, pause: Callable[[float], None] = time.sleep) -> None:
        self._signer = SigV4Auth(settings.aws_credentials, "execute-api", settings.aws_region)
        self._pause = pause
        # Lists are shared by threads: their append and pop are atomic.
        self._idle: dict[_Endpoint, list[HTTPConnection]] = defaultdict(list)

    def push(self, frames: Sequence[tuple[Connection, bytes]]) -> Sequence[PushResult]:
        """Send each frame; one result each, in the same order."""
        return self._do(frames)

    def hang_up(self, connections: Sequence[Connection]) -> None:
        """End these WebSockets, as well as it goes."""
        self._do([(connection, None) for connection in connections])

    def _do(self, frames: Sequence[_Frame]) -> Sequence[PushResult]:
        failed: _Failed = {}
        results: list[PushResult] = []
        patience = PATIENCE_SECONDS
        for start in range(0, len(frames), AT_ONCE):
            turn = frames[start : start + AT_ONCE]
            answers = self._turn(turn, failed)
            for longest in PAUSES:
                if None not in answers or patience < longest:
                    break
                patience -= self._wait(longest)
                again = iter(self._turn(_throttled(turn, answers), failed))
                answers = [answer or next(again) for answer in answers]
            results += [answer or PushResult.LATER for answer in answers]
        return results

    def _wait(self, longest: float) -> float:
        """Pauses at random, lest all shards come again in the same moment; answers the seconds."""
        seconds = random.uniform(0, longest)  # noqa: S311  # spreads load, keeps no secret
        self._pause(seconds)
        return seconds

    def _turn(self, frames: Sequence[_Frame], failed: _Failed) -> list[PushResult | None]:
        """One answer each; None: not now, because there are too many at once."""
        posts = [_Post(*frame) for frame in frames]
        for post in posts:
            self._send(post, failed)
        deadline = time.monotonic() + ANSWER_SECONDS
        return [self._result(post, failed, deadline) for post in posts]

    def close(self) -> None:
        """Close the kept connections."""
        for kept in self._idle.values():
            while kept:
                kept.pop().close()

    def _send(self, post: _Post, failed: _Failed, *, fresh: bool = False) -> None:
        endpoint = _endpoint(post.connection.endpoint)
        if endpoint in failed:
            return
        # Ids end in "=", which the path carries percent-encoded.
        path = f"{endpoint.path}/@connections/{quote(post.connection.id, safe='')}"
        try:
            post.http, post.reused = self._open(endpoint, fresh=fresh)
            method = "DELETE" if post.frame is None else "POST"
            url = f"{endpoint.scheme}://{endpoint.host}{path}"
            headers = self._signed(method, url, post.frame)
            post.http.request(method, path, body=post.frame, headers=headers)
        except OSError as error:
            post.error = error
            if post.http is None:
                failed[endpoint] = _unreachable(endpoint, error)

    def _open(self, endpoint: _Endpoint, *, fresh: bool) -> tuple[HTTPConnection, bool]:
        """A connection that was kept, or a new one, and whether it was kept. Raises OSError."""
        if not fresh:
            try:
                http = self._idle[endpoint].pop()
            except IndexError:
                pass
            else:
                http.sock.settimeout(CONNECT_SECONDS)
                return http, True
        kind = HTTPSConnection if endpoint.scheme == "https" else HTTPConnection
        http = kind(endpoint.host, timeout=CONNECT_SECONDS)
        http.connect()
        return http, False

    def _signed(self, method: str, url: str, body: bytes | None) -> Mapping[str, str]:
        request = AWSRequest(method, url, data=body, headers={"Content-Type": "application/json"})
        self._signer.add_auth(request)
        return dict(request.headers.items())

    def _result(self, post: _Post, failed: _Failed, deadline: float) -> PushResult | None:
        endpoint = _endpoint(post.connection.endpoint)
        if post.http is None:
            return failed[endpoint]
        try:
            return _meaning(self._answer(post, endpoint, deadline), post.connection)
        except (OSError, HTTPException) as error:
            post.http.close()
            if post.reused and isinstance(error, ConnectionError):
                # The server had closed what we kept. Pushing twice is harmless: devices see it.
                again = _Post(post.connection, post.frame)
                self._send(again, failed, fresh=True)
                return self._result(again, failed, deadline)
            log.warning("push to %s failed: %s", post.connection.id, type(error).__name__)
            if isinstance(error, TimeoutError):
                failed[endpoint] = PushResult.LATER
            return PushResult.LATER

    def _answer(self, post: _Post, endpoint: _Endpoint, deadline: float) -> int:
        """The status of the answer. Raises OSError or HTTPException."""
        assert post.http
        if post.error:
            raise post.error
        post.http.sock.settimeout(max(0.01, deadline - time.monotonic()))
        answer = post.http.getresponse()
        answer.read()
        kept = self._idle[endpoint]
        if answer.will_close or len(kept) >= AT_ONCE:
            post.http.close()
        else:
            kept.append(post.http)
        return answer.status


@lru_cache(maxsize=256)
def _endpoint(url: str) -> _Endpoint:
    parts = urlsplit(url)
    return _Endpoint(parts.scheme, parts.netloc, parts.path)


def _unreachable(endpoint: _Endpoint, error: OSError) -> PushResult:
    if isinstance(error, ConnectionRefusedError):
        # Nobody listens there: the gateway process that held these sockets has ended.
        return PushResult.GONE
    log.warning("%s cannot be reached: %s", endpoint.host, type(error).__name__)
    return PushResult.LATER


def _throttled(turn: Sequence[_Frame], answers: Sequence[PushResult | None]) -> list[_Frame]:
    return [frame for frame, answer in zip(turn, answers, strict=True) if answer is None]


def _meaning(status: int, connection: Connection) -> PushResult | None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return None
    if status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
        return PushResult.DONE
    if status == HTTPStatus.GONE:
        return PushResult.GONE
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PushResult.LATER
    log.error("push to %s was refused with status %d", connection.id, status)
    return PushResult.REFUSED
