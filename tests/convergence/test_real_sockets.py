"""The same on real sockets: what five devices do at once, while their connections break."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from belfry.adapters.mongo.database import Database
from belfry.changes import PERSONAL
from local_runner.command.home import Home
from tests.convergence.lives import check_screen
from tests.convergence.truth import Truth
from tests.device import InboxDevice
from tests.runner import Belfry, bearer

OPERATIONS = 200
SHOWN: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"unread": True},
    {"archived": True},
    {"category": "builds"},
)
SETTLE_SECONDS = 20.0
Json = dict[str, Any]


def test_devices_that_act_at_once_and_lose_their_connections_end_the_same(belfry: Belfry) -> None:
    user, token = belfry.person("ada")
    running = Home(belfry.folder).running()
    assert running
    database = Database.connect(running["MONGODB_URI"], "belfry")
    try:
        asyncio.run(_live(belfry, database, user["id"], token))
    finally:
        database.client.close()


async def _live(belfry: Belfry, database: Database, user_id: str, token: str) -> None:
    admin = bearer(belfry.admin_token())
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=belfry.url, timeout=20))
        devices = [
            await stack.enter_async_context(InboxDevice(belfry.port, token, **shown))
            for shown in SHOWN
        ]
        numbers = iter(range(OPERATIONS))

        async def use(device: InboxDevice, chance: Random) -> None:
            for _ in numbers:
                if chance.random() < 0.4:
                    body = {"userId": user_id, "message": "Hello"}
                    body |= {"category": "builds"} if chance.random() < 0.5 else {}
                    sent = await http.post("/api/notifications", json=body, headers=admin)
                    assert sent.status_code == 201, sent.text
                else:
                    asked, headers = _change(device, chance), bearer(token)
                    done = await http.post("/api/inbox/changes", json=asked, headers=headers)
                    # Another device may have deleted what this one still shows.
                    assert done.status_code in (200, 404), done.text
                if chance.random() < 0.1:
                    device.cut()

        await asyncio.gather(*(use(each, Random(n)) for n, each in enumerate(devices)))
        await _settle(http, database, user_id, devices)
        truth = Truth(database, user_id)
        assert truth.items
        assert sum(len(device.recoveries) for device in devices) >= len(devices)
        for device, shown in zip(devices, SHOWN, strict=True):
            check_screen(device.screen, truth, f"the device that shows {shown}")


def _change(device: InboxDevice, chance: Random) -> Json:
    """Something done to a few of those that a device shows, or to all of its list."""
    change = chance.choice(PERSONAL)
    soon = datetime.now(UTC) + timedelta(seconds=chance.uniform(1, 3))
    more = {"until": soon.isoformat()} if change == "snooze" else {}
    shown = [item["id"] for item in device.screen.items]
    if shown and chance.random() < 0.9:
        return {"change": change, "ids": chance.sample(shown, min(len(shown), 3)), **more}
    return {"change": "read", "filter": device.screen.shown}


async def _settle(
    http: httpx.AsyncClient, database: Database, user_id: str, devices: list[InboxDevice]
) -> None:
    """Wait until all has arrived, no snooze is left, and every device has heard of it."""
    waiting = {"user_id": user_id, "$or": [{"state": "queued"}, {"due_at": {"$exists": True}}]}
    async with asyncio.timeout(SETTLE_SECONDS):
        while database.notifications.find_one(waiting):
            await asyncio.sleep(0.05)
        seq = Truth(database, user_id).seq
        for device in devices:
            await device.until(seq, SETTLE_SECONDS)
            while device.screen.stale or not device.screen.is_whole:
                await asyncio.sleep(0.02)
