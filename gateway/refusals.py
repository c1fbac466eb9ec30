"""What the server itself answers, before the gateway hears of a request."""

from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.responses import HEAD_TOO_LARGE, HttpAnswer, gateway_answer

__all__ = ["BAD_REQUEST", "HEAD_TOO_LARGE", "TIMED_OUT", "on_the_wire"]

BAD_REQUEST = gateway_answer(400, "Bad Request")
TIMED_OUT = gateway_answer(408, "Request Timeout")


def on_the_wire(answer: HttpAnswer, more_headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """An answer after which the connection is closed."""
    length = (b"content-length", b"%d" % len(answer.body))
    headers = [*more_headers, *answer.headers, length, (b"connection", b"close")]
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body])
