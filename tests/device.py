"""A device for tests: follows docs/protocol.md, and remembers all that it was told."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.runner import bearer


class Device:
    """One WebSocket that reconnects for ever and acts on each event once.

    `applied` are the ids of notifications as a person would see them, `frames` every frame as it
    came, both in their order.
    """

    def __init__(self, port: int, token: str) -> None:
        self._address = f"ws://127.0.0.1:{port}/ws"
        self._token = token
        self.seq: int | None = None
        self.unread = 0
        self.applied: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.recoveries: list[bool] = []
        self.changed = asyncio.Condition()
        self.ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

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

    async def _follow(self) -> None:
        while True:
            try:
                async with connect(
                    self._address, additional_headers=bearer(self._token), compression=None
                ) as socket:
                    await self._ask(socket)
                    async for message in socket:
                        await self._take(json.loads(message), socket)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(0.05)

    async def _ask(self, socket: ClientConnection) -> None:
        since = {} if self.seq is None else {"since": self.seq}
        await socket.send(json.dumps({"action": "sync", **since}))

    async def _take(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        self.frames.append(frame)
        async with self.changed:
            match frame.get("type"):
                case "ready":
                    self.seq, self.unread = frame["seq"], frame["unreadCount"]
                    self.ready.set()
                case "sync":
                    self.recoveries.append(frame["recovered"])
                    for event in frame["events"]:
                        self._apply(event)
                    # Answers to several questions may be older than what came live meanwhile.
                    if self.seq is None or frame["seq"] >= self.seq:
                        self.seq, self.unread = frame["seq"], frame["unreadCount"]
                    if frame["more"]:
                        await self._ask(socket)
                case "notification" | "read" | "unread":
                    if self.seq is None or frame["seq"] > self.seq + 1:
                        await self._ask(socket)
                    else:
                        self._apply(frame)
            self.changed.notify_all()

    def _apply(self, event: dict[str, Any]) -> None:
        if self.seq is not None and event["seq"] <= self.seq:
            return
        self.seq, self.unread = event["seq"], event["unreadCount"]
        self.applied += [item["id"] for item in event.get("notifications", ())]
