"""WebSocket clients that cost little: thousands of them fit beside the runner that they watch."""

from __future__ import annotations

import asyncio
from typing import cast

from bench.attacks import HANDSHAKE

_WHO = b'{"action":"who"}'
_ASK = bytes([0x81, 0x80 | len(_WHO)]) + bytes(4) + _WHO


class Spectator(asyncio.Protocol):
    """Shakes hands, and notes what comes and when. Frames are short, and come whole."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.status: asyncio.Future[int] = loop.create_future()
        self.identity: asyncio.Future[str] = loop.create_future()
        self.arrived: asyncio.Future[float] = loop.create_future()
        self._loop = loop
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HANDSHAKE)

    def connection_lost(self, error: Exception | None) -> None:
        for awaited in (self.status, self.identity, self.arrived):
            awaited.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.status.done():
            self.status.set_result(int(data[9:12]))
        elif not self.identity.done():
            self.identity.set_result(data[2:].decode())
        elif not self.arrived.done():
            self.arrived.set_result(self._loop.time())

    async def ask_who_it_is(self) -> str:
        """Its connection id."""
        self.transport.write(_ASK)
        return await self.identity


async def spectator(port: int) -> Spectator:
    """One whose handshake has been answered, with whatever status."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Spectator, "127.0.0.1", port)
    await client.status
    return client
