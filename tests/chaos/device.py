"""A device that goes to the next runner when its connection breaks, and notes what it saw when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chaos.api import inbox_of
from tests.chaos.record import Person, Record
from tests.device import Device
from tests.runner import bearer

OPEN_SECONDS = 3.0
AGAIN_SECONDS = 0.2
MOST_ACKNOWLEDGED = 100


class RovingDevice(Device):
    """`applied` are the ids as they were acted on, `seen` their contents.

    `lists` is how often the whole list had to be loaded.
    """

    def __init__(
        self, person: Person, urls: Sequence[str], record: Record, http: httpx.AsyncClient
    ) -> None:
        super().__init__(0, person.token)
        self.person = person
        self.seen: dict[str, dict[str, Any]] = {}
        self.lists = 0
        self._urls = urls
        self._record = record
        self._http = http
        self._listed: set[str] = set()
        self._must_list = False

    async def _follow(self) -> None:
        for url in cycle(self._urls):
            with suppress(OSError, ConnectionClosed, InvalidHandshake, httpx.HTTPError):
                await self._be_connected(url)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _be_connected(self, url: str) -> None:
        async with connect(
            f"{url.replace('http', 'ws', 1)}/ws",
            additional_headers=bearer(self._token),
            compression=None,
            open_timeout=OPEN_SECONDS,
        ) as socket:
            await self._ask(socket)
            async for message in socket:
                frame = json.loads(message)
                if frame.get("type", "error") == "error":
                    return  # without its position nothing live can be relied on
                had = len(self.applied)
                await self._take(frame, socket)
                # Remembered, because loading may fail, and the position has moved on already.
                self._must_list |= frame["type"] == "sync" and not frame["recovered"]
                if self._must_list:
                    await self._load_list(url)
                await self._acknowledge(self.applied[had:], socket)

    async def _load_list(self, url: str) -> None:
        """What the protocol asks for when too much was missed."""
        listed = await inbox_of(self._http, url, self._token)
        new = [item for item in listed.items if item["id"] not in self.seen]
        async with self.changed:
            self._show(new)
            self.changed.notify_all()
        self._listed.update(item["id"] for item in new)
        self.applied += [item["id"] for item in new]
        self.lists += 1
        self._must_list = False

    async def _acknowledge(self, ids: Sequence[str], socket: ClientConnection) -> None:
        for start in range(0, len(ids), MOST_ACKNOWLEDGED):
            few = ids[start : start + MOST_ACKNOWLEDGED]
            await socket.send(json.dumps({"action": "ack", "ids": few}))

    def _apply(self, event: dict[str, Any]) -> None:
        # The list may have held already what this event brings.
        items = [each for each in event.get("notifications", ()) if each["id"] not in self._listed]
        had = len(self.applied)
        super()._apply({**event, "notifications": items})
        if len(self.applied) > had:
            self._show(items)

    def _show(self, items: Sequence[dict[str, Any]]) -> None:
        for item in items:
            if item["id"] not in self.seen:
                self._record.arrival(item["id"])
            self.seen[item["id"]] = item
