"""A broadcast to a crowd: everybody has it once, whatever happens, and it can be taken back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from belfry.adapters.mongo.database import Database
from belfry.model import User
from belfry.retry import RetryPolicy
from belfry.topology import topology
from local_runner.command.home import Home
from tests.contract.brokers import empty
from tests.crowd import crowd, tokens
from tests.device import Device
from tests.runner import Belfry, bearer, receive

PEOPLE = 1500
CONNECTED = 100
DONE_WITHIN_SECONDS = 90.0


@pytest.fixture
def belfry(tmp_path: Path, rabbitmq_url: str) -> Iterator[Belfry]:
    """A runner that gets every second batch twice."""
    empty(rabbitmq_url, topology(RetryPolicy()))
    runner = Belfry(tmp_path / "data", {"RABBITMQ_URL": rabbitmq_url}, "--fault", "batch-twice:2")
    with runner:
        yield runner


@pytest.fixture
def database(belfry: Belfry) -> Iterator[Database]:
    """The runner's own database."""
    running = Home(belfry.folder).running()
    assert running
    database = Database.connect(running["MONGODB_URI"], "belfry")
    yield database
    database.client.close()


def test_everybody_has_it_once_though_the_runner_is_killed_and_batches_come_twice(
    belfry: Belfry, database: Database, record_property: Any
) -> None:
    people = crowd(database, PEOPLE)
    devices, seen, answered = asyncio.run(_broadcast(belfry, people))
    record_property("POST answered in ms", round(answered * 1e3))

    everybody = database.users.count_documents({})  # the administrator as well
    accepted, delivered = ([each[name] for each in seen] for name in ("accepted", "delivered"))
    assert accepted == sorted(accepted)
    assert delivered == sorted(delivered)
    assert any(0 < number < everybody for number in accepted)
    end = seen[-1]
    assert [end[n] for n in ("total", "accepted", "delivered", "failed")] == [everybody] * 3 + [0]
    copies = [each["_id"] for each in database.notifications.find({"broadcast_id": end["id"]})]
    assert len(copies) == everybody
    told = Counter(
        id_
        for inbox in database.inboxes.find()
        for event in inbox["events"]
        for id_ in event["ids"]
    )
    assert told == Counter(copies)
    assert database.inboxes.count_documents({"seq": 1, "unread": 1}) == everybody
    for device in devices:
        assert Counter(device.applied).most_common(1)[0][1] == 1, "seen twice by a device"
    assert Counter(id_ for device in devices for id_ in device.applied) <= told
    assert sum(len(device.applied) for device in devices) == CONNECTED


def test_what_is_withdrawn_leaves_inboxes_and_devices(belfry: Belfry, database: Database) -> None:
    people = crowd(database, 20)
    [token] = tokens(Home(belfry.folder), people[:1])
    headers = bearer(belfry.admin_token())
    body = {"to": {"userIds": [user.id for user in people]}, "message": "Hello, some of you"}
    with belfry.socket(token) as socket:
        sent = belfry.http.post("/api/broadcasts", json=body, headers=headers)
        path = sent.headers["location"]
        assert receive(socket)["type"] == "notification"
        _until(lambda: database.inboxes.count_documents({"unread": 1}) == len(people))
        assert belfry.http.post(f"{path}/withdraw", headers=headers).status_code == 204
        assert receive(socket)["type"] == "withdrawn"
    _until(lambda: database.inboxes.count_documents({"unread": 0}) == len(people))
    assert belfry.get("/api/notifications", token).json()["items"] == []
    told = belfry.answer(belfry.http.get(path, headers=headers), 200)
    assert (told["state"], told["accepted"]) == ("withdrawn", len(people))


async def _broadcast(
    belfry: Belfry, people: Sequence[User]
) -> tuple[Sequence[Device], list[dict[str, Any]], float]:
    """Send to everybody, and kill the runner in the middle; answers the progress, too."""
    headers = bearer(belfry.admin_token())
    connected = tokens(Home(belfry.folder), people[:: PEOPLE // CONNECTED])
    async with AsyncExitStack() as stack:
        devices = [
            await stack.enter_async_context(Device(belfry.port, token)) for token in connected
        ]
        started = time.monotonic()
        body = {"to": {"everybody": True}, "message": "Hello, all of you"}
        sent = await asyncio.to_thread(
            belfry.http.post, "/api/broadcasts", json=body, headers=headers
        )
        answered = time.monotonic() - started
        assert sent.status_code == 202, sent.text
        seen = await asyncio.to_thread(_follow, belfry, sent.headers["location"], headers)
        for device in devices:
            await device.until(1, 20)
        return devices, seen, answered


def _follow(belfry: Belfry, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """The progress until its end; when a part is done the runner is killed and started again."""
    seen: list[dict[str, Any]] = []
    killed = False
    deadline = time.monotonic() + DONE_WITHIN_SECONDS
    while not seen or seen[-1]["state"] != "finished":
        assert time.monotonic() < deadline, seen[-1]
        seen.append(belfry.answer(belfry.http.get(path, headers=headers), 200))
        if not killed and seen[-1]["accepted"]:
            belfry.kill()
            belfry.start()
            killed = True
        time.sleep(0.02)
    return seen


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DONE_WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
