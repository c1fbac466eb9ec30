"""A request exactly as written: nothing added, nothing encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.conformance.stack import WAIT


class Answer(NamedTuple):
    """Of which httpx would join repeated headers."""

    status: int
    headers: HTTPMessage
    body: bytes


def send(
    url: str,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Answer:
    """Send a request to the server of `url`; only `host` is added."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=WAIT)
    try:
        connection.putrequest(method, parts.path.rstrip("/") + target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.msg, response.read())
    finally:
        connection.close()
