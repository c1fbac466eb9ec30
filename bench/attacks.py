"""What hostile clients send: by name, the bytes that each of them sends before it falls silent."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMALL_BUFFER = 4096


def _masked(first: int, payload: bytes = b"") -> bytes:
    """A frame of at most 125 bytes; its mask of zeros leaves the payload as it is."""
    return struct.pack("!BB", first, 0x80 | len(payload)) + bytes(4) + payload


def _http(data: bytes) -> Callable[[int], socket.socket]:
    def attack(port: int) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        with suppress(ConnectionError):
            client.sendall(data)
        return client

    return attack


def _websocket(data: bytes) -> Callable[[int], socket.socket]:
    shake_hands = _http(HANDSHAKE)

    def attack(port: int) -> socket.socket:
        client = shake_hands(port)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            part = client.recv(1024)
            if not part:
                break
            answer += part
        with suppress(ConnectionError):
            client.sendall(data)
        return client

    return attack


ATTACKS: dict[str, Callable[[int], socket.socket]] = {
    "silent clients": _http(b""),
    "heads that stop half-way": _http(b"GET /collect HTTP/1.1\r\nHost: "),
    "heads of 10,000 headers": _http(b"GET /collect HTTP/1.1\r\n" + b"name: v\r\n" * 10_000),
    "bodies without end": _http(CHUNKED + b"1000\r\n" + b"a" * 4096 + b"\r\n"),
    "answers that nobody reads": _http(LARGE),
    "half-open WebSockets": _websocket(b""),
    "messages without end": _websocket(_masked(0x01, b"a") + _masked(0x00, b"a" * 100) * 500),
    "frames of no kind": _websocket(_masked(0xF3, b"a") + bytes(1000)),
    "pings with pongs unread": _websocket(_masked(0x89, b"a" * 125) * 500),
}
