"""A wire that tests can cut or block, between us and a real server."""

from __future__ import annotations

import asyncio
import contextlib
from threading import Thread
from types import TracebackType
from typing import Self

SECONDS = 10.0


class TcpProxy:
    """Listens on a free port of 127.0.0.1, and passes everything on to the server's port."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._open: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    def cut(self) -> None:
        """Break the connections there are. New ones work."""
        self._loop.call_soon_threadsafe(self._cut)

    def block(self) -> None:
        """Let nothing through, of old and of new connections, and close none."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def refuse(self) -> None:
        """Break the connections there are, and refuse new ones, until `accept`."""
        asyncio.run_coroutine_threadsafe(self._refuse(), self._loop).result(SECONDS)

    def accept(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(SECONDS)

    def flow(self) -> None:
        self._loop.call_soon_threadsafe(self._flows.set)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        back, forth = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._open.add(forth)
        with contextlib.suppress(asyncio.CancelledError):  # asyncio would log it
            await asyncio.gather(self._pass_on(reader, forth), self._pass_on(back, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(65536):
                await self._flows.wait()
                writer.write(content)
        writer.close()
        self._open.discard(writer)

    async def _refuse(self) -> None:
        self._server.close()
        self._cut()

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _end(self) -> None:
        self._server.close()
        self._flows.set()
        self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn
