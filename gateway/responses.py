"""What the client gets: a function's answer, read as payload format 2.0, or the gateway's own."""

import json
import re
from base64 import b64decode
from functools import lru_cache
from typing import Any, NamedTuple

from gateway import assumptions
from gateway.asgi import RawHeaders, Send

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = assumptions.HOP_BY_HOP | {"content-length", "date"}
_BODILESS = {204, 304}
_KEPT_CHARACTERS = 100


class HttpAnswer(NamedTuple):
    """An HTTP response, whole."""

    status: int
    headers: RawHeaders
    """Without content-length."""
    body: bytes


class MalformedAnswer(Exception):
    """The function's answer cannot be made an HTTP response."""


def from_function(answer: Any) -> HttpAnswer:
    """Read an answer: an object with `statusCode`, or any other JSON value, which is the body.

    Raises:
        MalformedAnswer: a field has a wrong type or value.
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        return HttpAnswer(200, [(b"content-type", b"application/json")], body)
    status = status_code(answer)
    body = _body(answer)
    headers = _headers(answer.get("headers"))
    if body and b"content-type" not in dict(headers):
        headers.append((b"content-type", assumptions.DEFAULT_CONTENT_TYPE.encode("ascii")))
    for cookie in _list(answer.get("cookies")):
        headers.append((b"set-cookie", _value(cookie)))
    return HttpAnswer(status, headers, b"" if status in _BODILESS else body)


def status_code(answer: dict[str, Any]) -> int:
    """Raises: MalformedAnswer: it is missing or no final HTTP status."""
    status = answer.get("statusCode")
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise MalformedAnswer(f"statusCode is {status!r}, not a number from 200 to 599")
    return status


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer(f"body is {type(body).__name__}, not text")
    try:
        return b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise MalformedAnswer(f"body cannot be encoded: {error}") from None


def _headers(given: Any) -> RawHeaders:
    if given is None:
        return []
    if not isinstance(given, dict):
        raise MalformedAnswer(f"headers is {type(given).__name__}, not an object")
    headers = []
    for name, value in given.items():
        short = type(value) is str and len(value) < _KEPT_CHARACTERS
        header = _kept_header(name, value) if short else _header(name, value)
        if header is not None:
            headers.append(header)
    return headers


def _header(name: str, value: Any) -> tuple[bytes, bytes] | None:
    """The header as sent; None when the connection, not the function, decides about it."""
    if not _TOKEN.fullmatch(name):
        raise MalformedAnswer(f"{name!r} is no header name")
    lowered = name.lower()
    return None if lowered in _OURS else (lowered.encode("ascii"), _value(value))


# Functions answer with the same few headers all the time.
_kept_header = lru_cache(maxsize=512)(_header)


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str) or _UNSAFE.search(value):
        raise MalformedAnswer("a header or cookie is no text of one line")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedAnswer("a header or cookie is not Latin-1 text") from None


def _list(given: Any) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise MalformedAnswer(f"cookies is {type(given).__name__}, not a list")
    return given


def gateway_answer(status: int, message: str, **more: str) -> HttpAnswer:
    """The gateway's own answer: `{"message": …}`."""
    body = json.dumps({"message": message, **more}, separators=(",", ":")).encode()
    return HttpAnswer(status, [(b"content-type", b"application/json")], body)


UNAUTHORIZED = gateway_answer(401, "Unauthorized")
FORBIDDEN = gateway_answer(403, "Forbidden")
NOT_FOUND = gateway_answer(404, "Not Found")
TOO_LARGE = gateway_answer(413, assumptions.PAYLOAD_TOO_LARGE)
TOO_MANY_REQUESTS = gateway_answer(429, assumptions.TOO_MANY_REQUESTS)
HEAD_TOO_LARGE = gateway_answer(431, assumptions.HEAD_TOO_LARGE)
INTERNAL_ERROR = gateway_answer(500, "Internal Server Error")
SERVICE_UNAVAILABLE = gateway_answer(503, "Service Unavailable")


async def send_answer(send: Send, answer: HttpAnswer, *extra: tuple[bytes, bytes]) -> None:
    """Send an answer whole, with its length and the extra headers."""
    status, headers, body = answer
    sent = [*headers, *extra]
    if status not in _BODILESS:
        sent.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
