"""Devices for tests, on real sockets. What one shows follows docs/protocol.md: tests/screen.py."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.runner import bearer
from tests.screen import Json, Screen

PAGE = 100


class Device:
    """One WebSocket that reconnects for ever and acts on each event once.

    `applied` are the ids of notifications as a person would see them, `frames` every frame as it
    came, both in their order.
    """

    def __init__(self, port: int, token: str) -> None:
        self._address = f"127.0.0.1:{port}"
        self._token = token
        self.screen = Screen()
        self.applied: list[str] = []
        self.frames: list[Json] = []
        self.recoveries: list[bool] = []
        self.changed = asyncio.Condition()
        self.ready = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def seq(self) -> int | None:
        return self.screen.seq

    @property
    def unread(self) -> int:
        return self.screen.unread

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        await asyncio.wait_for(self.ready.wait(), 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until_applied(self, ids: set[str], timeout: float) -> None:
        """Wait until all of these were seen."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(lambda: ids <= set(self.applied))

    async def until(self, seq: int, timeout: float) -> None:
        """Wait until it has come as far as this number."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(lambda: self.seq is not None and self.seq >= seq)

    def cut(self) -> None:
        """Lose the connection, as in a tunnel; it opens another one."""
        if self._socket:
            self._socket.transport.abort()

    async def _follow(self) -> None:
        while True:
            with suppress(
                OSError, ConnectionClosed, InvalidHandshake, TimeoutError, httpx.HTTPError
            ):
                await self._stay_connected()
            self.screen.disconnected()
            await asyncio.sleep(0.05)

    async def _stay_connected(self) -> None:
        address = f"ws://{self._address}/ws"
        headers = bearer(self._token)
        async with connect(address, additional_headers=headers, compression=None) as socket:
            self._socket = socket
            await self._ask(socket)
            async for message in socket:
                frame = json.loads(message)
                await self._take(frame, socket)
                if frame.get("type", "error") == "error":
                    return  # it may have been the answer to the sync

    async def _ask(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps(self.screen.question()))

    async def _take(self, frame: Json, socket: ClientConnection) -> None:
        self.frames.append(frame)
        if frame.get("type") == "sync":
            self.recoveries.append(frame["recovered"])
        async with self.changed:
            for event in self.screen.take(frame):
                self._apply(event)
            if self.seq is not None:
                self.ready.set()
            self.changed.notify_all()
        if self.screen.needs_sync:
            await self._ask(socket)

    def _apply(self, event: Json) -> None:
        self.applied += [item["id"] for item in event.get("notifications", ())]


class InboxDevice(Device):
    """A device that shows a whole list, and loads it again when the protocol says so."""

    def __init__(self, port: int, token: str, **shown: Any) -> None:
        super().__init__(port, token)
        self.screen = Screen(**shown)
        self.loads = 0

    async def _take(self, frame: Json, socket: ClientConnection) -> None:
        await super()._take(frame, socket)
        if self.seq is not None and self.screen.stale:
            await self._load()

    async def _load(self) -> None:
        url, headers = f"http://{self._address}/api/notifications", bearer(self._token)
        self.loads += 1
        self.screen.begin(**self.screen.shown)
        try:
            async with httpx.AsyncClient(headers=headers, timeout=20) as http:
                while not self.screen.is_whole:
                    query = self.screen.query() | {"limit": str(PAGE)}
                    page = await http.get(url, params=query)
                    self.screen.add_page(page.raise_for_status().json())
        except BaseException:
            self.screen.stale = True
            raise
