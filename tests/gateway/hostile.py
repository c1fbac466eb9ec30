"""Clients that misbehave, byte by byte, and what must hold of the server afterwards."""

import asyncio
import base64
import logging
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gateway.limits import Limits
from tests.gateway.served import WAIT, Served, eventually

LIMITS = Limits(
    requests_per_second=0,
    connections_per_second=0,
    payload_bytes=200_000,
    head_seconds=0.4,
    body_seconds=0.4,
    send_seconds=0.4,
    idle_seconds=0.5,
    close_seconds=0.2,
    sweep_seconds=0.02,
)
SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /echo: { post: { operationId: things.echo } }
  /hello: { get: { operationId: things.hello } }
  /large: { get: { operationId: things.large } }
  /slow: { get: { operationId: things.slow } }
  /closed: { post: { operationId: things.closed, security: [{ sesame: [] }] } }
components:
  securitySchemes:
    sesame: { type: http, scheme: bearer, x-authorizer: { function: things.nobody } }
x-websocket:
  stage: ws
  routes: { $default: { function: things.frame, routeResponse: true } }
"""
LARGE = "x" * 5_000_000
FUNCTIONS = {
    "things.echo": lambda event: {"statusCode": 200, "body": event.get("body", "")},
    "things.closed": lambda event: {"statusCode": 200},
    "things.hello": lambda event: {"statusCode": 200, "body": "hello"},
    "things.slow": lambda event: time.sleep(LIMITS.body_seconds * 2),
    "things.large": lambda event: {"statusCode": 200, "body": LARGE},
    "things.frame": lambda event: {"statusCode": 200, "body": event["body"]},
    "things.nobody": lambda event: {"isAuthorized": False},
}
TEXT, BINARY, CONTINUATION, CLOSE, PING = 1, 2, 0, 8, 9
FIN = 0x80


class Complaints(logging.Handler):
    """What the server logs at warning and above: nothing, or strangers could fill the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@contextmanager
def listening_to_the_log() -> Iterator[Complaints]:
    """Attached where uvicorn's configuration has cut off the root logger, too."""
    complaints = Complaints()
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error")]
    for logger in loggers:
        logger.addHandler(complaints)
    try:
        yield complaints
    finally:
        for logger in loggers:
            logger.removeHandler(complaints)


@contextmanager
def dial(served: Served, *, buffer: int = 0) -> Iterator[socket.socket]:
    """A bare connection; with a receive buffer so small that what is not read soon piles up."""
    with socket.socket() as client:
        client.settimeout(WAIT)
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect(("127.0.0.1", served.port))
        yield client


def send(client: socket.socket, data: bytes | bytearray) -> None:
    """Send it, or as much as the server takes."""
    with suppress(ConnectionError):
        client.sendall(data)


def trickle(client: socket.socket, data: bytes, pause: float = 0.02) -> None:
    """Byte by byte, until it is sent or the server has had enough."""
    with suppress(ConnectionError):
        for byte in data:
            client.sendall(bytes([byte]))
            time.sleep(pause)


def flood(client: socket.socket, data: bytes, most: int = 50_000_000) -> int:
    """Again and again, until the server closes; how many bytes it has taken until then."""
    sent = 0
    with suppress(ConnectionError):
        while sent < most:
            sent += client.send(data)
    return sent


def rest(client: socket.socket) -> bytes:
    """What the server still sends until it closes; fails when it does not close."""
    received = b""
    with suppress(ConnectionError):
        while part := client.recv(65536):
            received += part
    return received


def status(answer: bytes) -> int:
    """The status of the last answer in these bytes, 0 when there is none."""
    last = answer.rpartition(b"HTTP/1.1 ")[2]
    return int(last[:3]) if last else 0


def handshake(**changed: str | None) -> bytes:
    """A handshake's bytes; None leaves a header out, `method` and `path` change the first line."""
    headers: dict[str, str | None] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    first = f"{changed.pop('method', 'GET')} {changed.pop('path', '/ws')} HTTP/1.1"
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([first, *lines, "", ""]).encode()


@contextmanager
def upgraded(served: Served, *, buffer: int = 0) -> Iterator[socket.socket]:
    """A connection on which the handshake is done."""
    with dial(served, buffer=buffer) as client:
        client.sendall(handshake())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += client.recv(1)
        assert status(answer) == 101
        yield client


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    announced: int | None = None,
) -> bytes:
    """A frame's bytes; `announced` is a length other than the payload's."""
    length = len(payload) if announced is None else announced
    first = (FIN if fin else 0) | reserved << 4 | opcode
    mask = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, mask | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, mask | 126, length)
    else:
        head = struct.pack("!BBQ", first, mask | 127, length)
    # A mask of zeros leaves the payload as it is.
    return head + (b"\0\0\0\0" if masked else b"") + payload


def frames(received: bytes) -> Iterator[tuple[int, bytes]]:
    """The frames that the server has sent: the first byte of each, and its payload."""
    while len(received) >= 2:
        length, start = received[1], 2
        if length == 126:
            length, start = int.from_bytes(received[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(received[2:10], "big"), 10
        yield received[0], received[start : start + length]
        received = received[start + length :]


def close_code(received: bytes) -> int:
    """The code in the close frame that ends what the server has sent; 0 when there is none."""
    for first, payload in frames(received):
        if first == FIN | CLOSE:
            return int.from_bytes(payload[:2], "big")
    return 0


def tasks(served: Served) -> int:
    """How many tasks the server's event loop has."""
    return len(asyncio.all_tasks(served.server.servers[0].get_loop()))


def assert_unharmed(served: Served, complaints: Complaints, tasks_before: int) -> None:
    """It answers as ever, holds nothing of those that were there, and has nothing to say."""
    answer = served.http.get("/hello", headers={"connection": "close"})
    assert (answer.status_code, answer.text) == (200, "hello")
    state = served.server.server_state
    eventually(lambda: not state.connections and not state.tasks and len(served.app.hub) == 0)
    eventually(lambda: tasks(served) <= tasks_before)
    assert complaints.texts == []
