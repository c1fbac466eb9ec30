"""What a test does with an open WebSocket, and the witness: a socket that is told events."""

from __future__ import annotations

import contextlib
import json
import socket as sockets
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.conformance.stack import WAIT

HANDSHAKE = (
    "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def received(socket: ClientConnection) -> Any:
    """The next frame, read as JSON."""
    return json.loads(socket.recv(timeout=WAIT))


def ask(socket: ClientConnection, **message: Any) -> Any:
    """Send a message, and answer the next frame."""
    socket.send(json.dumps(message))
    return received(socket)


def connection_id(socket: ClientConnection) -> str:
    """The connection's id, as events name it."""
    found: str = ask(socket, action="echo")["requestContext"]["connectionId"]
    return found


def closed(socket: ClientConnection) -> tuple[int, str]:
    """Code and reason of the close frame, once the gateway has closed the connection."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=WAIT)
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


def at_once(websocket_url: str, count: int) -> list[int]:
    """The statuses of so many handshakes, sent as quickly as can be; then all have left."""
    parts = urlsplit(websocket_url)
    head = HANDSHAKE % (parts.path, parts.netloc)
    address = (str(parts.hostname), parts.port or 80)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(sockets.create_connection(address, WAIT)) for _ in range(count)
        ]
        for client in clients:
            client.sendall(head.encode())
        return [int(client.recv(12).split()[1]) for client in clients]


class Witness:
    """A connection to which functions tell what they got, each an object with one name."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.id = connection_id(socket)

    def told(self, kind: str) -> Any:
        """What is told next, which is to be of this kind."""
        [(told, what)] = received(self._socket).items()
        assert told == kind
        return what
