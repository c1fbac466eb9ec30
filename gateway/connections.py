"""The hub: every open WebSocket connection, what waits to be sent on it, and why it is closed.

A connection costs one task, its receive loop. Others exist only while messages wait, to be sent or
to be handled.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum

from gateway import assumptions
from gateway.asgi import Send
from gateway.clock import Clock
from gateway.limits import Limits
from gateway.websocket_events import Peer

log = logging.getLogger(__name__)


class CloseCode(Enum):
    """Why the gateway closes a connection: the code and the reason in the close frame.

    1009 (message or frame too big), 1007 (text that is not UTF-8), 1002 (protocol error) and 1012
    (the server stops) are sent by the WebSocket server beneath.
    """

    DELETED = 1000, "Connection closed by the application"
    IDLE = assumptions.GOING_AWAY, "Going away: idle for too long"
    TOO_OLD = assumptions.GOING_AWAY, "Going away: open for too long"
    BINARY = 1003, "Binary frames are not supported"
    SLOW_CONSUMER = 4008, "Slow consumer: too many messages wait to be read"

    @property
    def code(self) -> int:
        return self.value[0]

    @property
    def reason(self) -> str:
        return self.value[1]


class Gone(Exception):
    """The connection does not exist, or no longer, or not yet."""


class BufferFull(Exception):
    """The client lets too much wait; its connection is now being closed."""


class Connection:
    """One open connection. `abort` cuts it without a close frame."""

    __slots__ = (
        "abort",
        "closing",
        "drain",
        "handling",
        "last_active",
        "peer",
        "pending",
        "pending_bytes",
        "received",
        "send",
    )

    def __init__(self, peer: Peer, send: Send, abort: Callable[[], None]) -> None:
        self.peer = peer
        self.send = send
        self.abort = abort
        self.last_active = peer.connected_at
        self.closing: CloseCode | None = None
        # Made when first needed: most connections wait in silence, and an empty deque is 600 bytes.
        self.pending: deque[tuple[str, int]] | None = None
        self.pending_bytes = 0
        self.drain: asyncio.Task[None] | None = None
        self.received: deque[str | None] | None = None
        self.handling: asyncio.Task[None] | None = None


class Hub:
    """The registry of connections; used from the event loop only."""

    def __init__(self, limits: Limits, clock: Clock = time.time) -> None:
        self._limits = limits
        self._clock = clock
        self._connections: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections.values())

    def add(self, connection: Connection) -> None:
        self._connections[connection.peer.connection_id] = connection

    def remove(self, connection: Connection) -> None:
        """Forget it, and whatever waits to be sent on it."""
        self._connections.pop(connection.peer.connection_id, None)
        connection.pending = None
        if connection.drain is not None:
            connection.drain.cancel()

    def get(self, connection_id: str) -> Connection:
        """Raises: Gone."""
        connection = self._connections.get(connection_id)
        if connection is None or connection.closing not in (None, CloseCode.SLOW_CONSUMER):
            raise Gone(connection_id)
        return connection

    def touch(self, connection: Connection) -> None:
        connection.last_active = self._clock()

    def post(self, connection: Connection, text: str) -> None:
        """Queue a message; a client that lets too much wait is closed as SLOW_CONSUMER.

        Raises:
            Gone: the connection is being closed, or its client has left.
            BufferFull: it is so because too much waits, from this very message on.
        """
        if connection.closing is CloseCode.SLOW_CONSUMER:
            # Until it is closed: whoever tries again hears the same, and then that it is gone.
            raise BufferFull(connection.peer.connection_id)
        if connection.closing is not None or connection.peer.connection_id not in self._connections:
            raise Gone(connection.peer.connection_id)
        if connection.pending is None:
            connection.pending = deque()
        size = len(text.encode())
        if (
            len(connection.pending) >= self._limits.queued_messages
            or connection.pending_bytes + size > self._limits.queued_bytes
        ):
            connection.pending.clear()
            self.close(connection, CloseCode.SLOW_CONSUMER)
            raise BufferFull(connection.peer.connection_id)
        connection.pending.append((text, size))
        connection.pending_bytes += size
        connection.last_active = self._clock()
        self._start_drain(connection)

    def close(self, connection: Connection, code: CloseCode) -> None:
        """Close it after what is queued; cut it when the client does not read even that."""
        if connection.closing is None:
            connection.closing = code
            asyncio.get_running_loop().call_later(self._limits.close_seconds, connection.abort)
            self._start_drain(connection)

    def sweep(self) -> None:
        """Close connections that are idle or too old."""
        now = self._clock()
        for connection in list(self):
            if now - connection.peer.connected_at >= self._limits.connection_seconds:
                self.close(connection, CloseCode.TOO_OLD)
            elif now - connection.last_active >= self._limits.idle_seconds:
                self.close(connection, CloseCode.IDLE)

    async def sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_seconds)
            self.sweep()

    def _start_drain(self, connection: Connection) -> None:
        if connection.drain is None:
            connection.drain = asyncio.get_running_loop().create_task(_drain(connection))


async def _drain(connection: Connection) -> None:
    try:
        while connection.pending:
            text, size = connection.pending.popleft()
            connection.pending_bytes -= size
            await connection.send({"type": "websocket.send", "text": text})
        if connection.closing is not None:
            code, reason = connection.closing.code, connection.closing.reason
            await connection.send({"type": "websocket.close", "code": code, "reason": reason})
    except OSError:
        # The client is gone: the receive loop hears of it as well, and cleans up.
        log.debug("%s is gone", connection.peer.connection_id)
    finally:
        connection.drain = None
        if not connection.pending:
            connection.pending = None
