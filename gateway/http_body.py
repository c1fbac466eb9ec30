"""Reads a request's body, and no more of it than the limit allows."""

from gateway.asgi import Receive


class TooLarge(Exception):
    """The body exceeds the limit."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


async def read_body(declared: str, receive: Receive, limit: int) -> bytes:
    """The body of at most `limit` bytes; `declared` is its content-length.

    Raises:
        TooLarge, ClientGone.
    """
    if int(declared) > limit:
        raise TooLarge
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)
