"""Pushes frames to open WebSockets by the `@connections` API of Amazon API Gateway.

Signed by botocore and sent by urllib3: half the import time of boto3's client for this one call,
and twice its rate (docs/architecture.md has the figures).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from itertools import chain
from urllib.parse import quote

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from belfry.model import Connection
from belfry.ports import PushResult
from belfry.settings import Settings

log = logging.getLogger(__name__)

PARALLEL_PUSHES = 8
FRAMES_IN_A_ROW = 4
"""So many are posted one after the other: handing them to threads would take longer."""

TIMEOUT = urllib3.Timeout(connect=1.0, read=3.0)

_TEMPORARY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}


class ApiGatewayPusher:
    """Posts each frame to the endpoint that its connection belongs to."""

    def __init__(self, settings: Settings) -> None:
        credentials = Credentials(
            settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token
        )
        self._signer = SigV4Auth(credentials, "execute-api", settings.aws_region)
        self._http = urllib3.PoolManager(
            maxsize=PARALLEL_PUSHES * 4, retries=False, timeout=TIMEOUT
        )
        self._threads = ThreadPoolExecutor(PARALLEL_PUSHES, thread_name_prefix="push")

    def push(self, frames: Sequence[tuple[Connection, bytes]]) -> Sequence[PushResult]:
        """Send each frame; one result each, in the same order."""
        if len(frames) <= FRAMES_IN_A_ROW:
            return self._post_all(frames)
        size = max(FRAMES_IN_A_ROW, -(-len(frames) // PARALLEL_PUSHES))
        parts = [frames[start : start + size] for start in range(0, len(frames), size)]
        return [*chain.from_iterable(self._threads.map(self._post_all, parts))]

    def _post_all(self, frames: Sequence[tuple[Connection, bytes]]) -> list[PushResult]:
        return [self._post(connection, frame) for connection, frame in frames]

    def _post(self, connection: Connection, frame: bytes) -> PushResult:
        # Ids end in "=", which the path carries percent-encoded.
        url = f"{connection.endpoint}/@connections/{quote(connection.id, safe='')}"
        request = AWSRequest("POST", url, data=frame, headers={"Content-Type": "application/json"})
        self._signer.add_auth(request)
        try:
            response = self._http.request(
                "POST", url, body=frame, headers=dict(request.headers.items())
            )
        except urllib3.exceptions.HTTPError as error:
            if isinstance(error.__cause__, ConnectionRefusedError):
                # Nobody listens there: the gateway process that held this socket has ended.
                return PushResult.GONE
            log.warning("push to %s failed: %s", connection.id, type(error).__name__)
            return PushResult.LATER
        return _result(response.status, connection)


def _result(status: int, connection: Connection) -> PushResult:
    if status == HTTPStatus.OK:
        return PushResult.DONE
    if status == HTTPStatus.GONE:
        return PushResult.GONE
    if status in _TEMPORARY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PushResult.LATER
    log.error("push to %s was refused with status %d", connection.id, status)
    return PushResult.REFUSED
