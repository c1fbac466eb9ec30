"""One broadcast to everybody: 10,000 people, 1,000 of them connected.

The clock runs from the POST until every inbox has it; each device has to get it once, and each
inbox has to hold it once, or there is no figure. Meanwhile single notifications are sent, to see
that the crowd does not hold them up. In turn pymongo alone inserts as many of the same documents.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

import httpx
from websockets.asyncio.client import ClientConnection

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.notifications import to_document
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.copies import copy_for
from belfry.model import User, new_id
from bench.devices import open_sockets
from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.processes import (
    REFERENCE_DATABASE,
    Runner,
    belfry,
    kilobytes,
    processor_seconds,
    raise_open_files,
)
from local_runner.command.home import Home
from tests.crowd import crowd, tokens
from tests.runner import bearer

PEOPLE = 10_000
CONNECTED = 1000
ROUNDS = 3
CHUNK = 1000
MESSAGE, TITLE = "Version 2 is out: read what is new", "Version 2"
DONE_WITHIN_SECONDS = 120.0
LINGER_SECONDS = 0.5  # what comes twice would come by then


@dataclass(slots=True)
class Round:
    """What was measured: seconds, inboxes per second, and KiB of the runner."""

    post: float = 0.0
    rate: float = 0.0
    reference: float = 0.0
    singles: list[float] = field(default_factory=list)
    memory: tuple[float, float, float] = (0.0, 0.0, 0.0)


def measure(tell: Tell, people: int = PEOPLE) -> list[Figure]:
    raise_open_files(CONNECTED + 200)
    with (
        belfry("--rabbitmq") as runner,
        runner.database("belfry") as database,
        runner.database(REFERENCE_DATABASE) as other,
    ):
        tell(f"making {people:,} people")
        everyone = crowd(database, people)
        used = processor_seconds(runner.pid)
        rounds = asyncio.run(_rounds(runner, database, other, everyone, tell))
        used = (processor_seconds(runner.pid) - used) / (len(rounds) * people)
    before, after, peak = (max(each) for each in zip(*(r.memory for r in rounds), strict=True))
    waits = [wait for each in rounds for wait in each.singles]
    return [
        Figure(
            f"broadcast to {people:,}, {CONNECTED:,} connected",
            "inboxes/s",
            [each.rate for each in rounds],
            [each.reference for each in rounds],
            "insert_many of the same documents",
            aims=(Aim(5000),),
            note=f"the runner has {before / 1024:.0f} MiB before, {peak / 1024:.0f} at most and "
            f"{after / 1024:.0f} after; each inbox takes {used * 1e3:.2f} ms of its processor time",
        ),
        Figure(
            "its POST is answered",
            "ms",
            [each.post * 1e3 for each in rounds],
            [200.0] * len(rounds),
            "200 ms",
            aims=(Aim(200, at_least=False),),
        ),
        Figure(
            "a single notification meanwhile",
            "ms",
            [median(each.singles) * 1e3 for each in rounds],
            [200.0] * len(rounds),
            "200 ms",
            note=f"{max(waits) * 1e3:.0f} ms at most",
        ),
    ]


async def _rounds(
    runner: Runner, database: Database, other: Database, everyone: Sequence[User], tell: Tell
) -> list[Round]:
    listeners = everyone[:: len(everyone) // CONNECTED][:CONNECTED]
    people, connected = [user.id for user in everyone], [user.id for user in listeners]
    tell(f"opening {CONNECTED:,} sockets")
    url = f"ws://127.0.0.1:{runner.port}/ws"
    headers = [bearer(token) for token in tokens(Home(runner.folder), listeners)]
    sockets = await open_sockets(url, headers)
    devices = _Devices()
    listening = [
        asyncio.create_task(devices.listen(user_id, socket))
        for user_id, socket in zip(connected, sockets, strict=True)
    ]
    rounds = []
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        rounds.append(await _round(runner, database, devices, people, connected))
        rounds[-1].reference = await asyncio.to_thread(_insert_alone, other, people)
    for task in listening:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    return rounds


@dataclass(slots=True)
class _Devices:
    """When what came to which person, by its broadcast or its message."""

    came: Counter[tuple[str, str]] = field(default_factory=Counter)
    at: dict[str, float] = field(default_factory=dict)

    async def listen(self, user_id: str, socket: ClientConnection) -> None:
        async for text in socket:
            for item in json.loads(text).get("notifications", ()):
                name = item.get("broadcastId") or item["message"]
                self.came[user_id, name] += 1
                self.at.setdefault(name, time.perf_counter())


async def _round(
    runner: Runner,
    database: Database,
    devices: _Devices,
    people: Sequence[str],
    connected: Sequence[str],
) -> Round:
    headers = bearer(runner.admin_token())
    measured = Round()
    everybody = database.users.count_documents({})
    async with httpx.AsyncClient(base_url=runner.url, headers=headers, timeout=20) as client:
        with _watched(runner.pid) as memory:
            started = time.perf_counter()
            body = {"to": {"everybody": True}, "message": MESSAGE, "title": TITLE}
            answer = await client.post("/api/broadcasts", json=body)
            measured.post = time.perf_counter() - started
            if answer.status_code != 202:
                raise BenchmarkError(f"POST was answered {answer.status_code}: {answer.text}")
            id_ = answer.json()["id"]
            arrived = asyncio.create_task(asyncio.to_thread(_arrived, database, id_, everybody))
            while not arrived.done():
                measured.singles.append(await _single(client, devices, connected[-1]))
                await asyncio.sleep(0.2)
            measured.rate = everybody / (await arrived - started)
        measured.memory = (memory[0], memory[-1], max(memory))
        await _finished(client, id_, everybody)
    await asyncio.sleep(LINGER_SECONDS)
    _check(database, devices, id_, everybody, connected)
    return measured


async def _single(client: httpx.AsyncClient, devices: _Devices, user_id: str) -> float:
    """Seconds from a POST to its frame."""
    name = new_id()
    sent = time.perf_counter()
    body = {"userId": user_id, "message": name}
    (await client.post("/api/notifications", json=body)).raise_for_status()
    while name not in devices.at:
        if time.perf_counter() - sent > DONE_WITHIN_SECONDS:
            raise BenchmarkError("A single notification never came.")
        await asyncio.sleep(0.001)
    return devices.at[name] - sent


def _arrived(database: Database, broadcast_id: str, count: int) -> float:
    """When every inbox has it."""
    on_its_way = {"broadcast_id": broadcast_id, "state": "queued"}
    deadline = time.monotonic() + DONE_WITHIN_SECONDS
    sent: dict[str, int] = {"accepted": 0}
    while time.monotonic() < deadline:
        sent = database.broadcasts.find_one({"_id": broadcast_id}) or sent
        if sent["accepted"] == count and not database.notifications.count_documents(on_its_way):
            return time.perf_counter()
        time.sleep(0.02)
    raise BenchmarkError(f"{sent['accepted']} of {count} were accepted, and not all have arrived.")


async def _finished(client: httpx.AsyncClient, broadcast_id: str, count: int) -> None:
    deadline = time.monotonic() + DONE_WITHIN_SECONDS
    told: dict[str, object] = {}
    while time.monotonic() < deadline:
        told = (await client.get(f"/api/broadcasts/{broadcast_id}")).json()
        if told["state"] == "finished":
            break
        await asyncio.sleep(0.1)
    if (told.get("state"), told.get("total"), told.get("delivered")) != ("finished", count, count):
        raise BenchmarkError(f"It ended as {told}.")


def _check(
    database: Database,
    devices: _Devices,
    broadcast_id: str,
    everybody: int,
    connected: Sequence[str],
) -> None:
    """Raise BenchmarkError unless each inbox and each device has it once."""
    copies = {"broadcast_id": broadcast_id, "seq": {"$gt": 0}}
    ids = [each["_id"] for each in database.notifications.find(copies, {"_id": True})]
    told: Counter[str] = Counter()
    for inbox in database.inboxes.find({}, {"events.ids": True}):
        told.update(id_ for event in inbox["events"] for id_ in event["ids"])
    once = sum(told[id_] == 1 for id_ in ids)
    devices_once = sum(devices.came[user_id, broadcast_id] == 1 for user_id in connected)
    if (len(ids), once, devices_once) != (everybody, everybody, len(connected)):
        raise BenchmarkError(
            f"Of {everybody} inboxes {len(ids)} have it, {once} were told of it once, and "
            f"{devices_once} of {len(connected)} devices."
        )


def _insert_alone(other: Database, people: Sequence[str]) -> float:
    """Documents per second, in chunks, majority and journaled."""
    now = datetime.now(UTC)
    to, content = Audience(AudienceKind.EVERYBODY), Content(MESSAGE, TITLE)
    broadcast = Broadcast(new_id(), to, content, now, BroadcastState.RUNNING)
    documents = [to_document(copy_for(user_id, broadcast), now) for user_id in people]
    started = time.perf_counter()
    for first in range(0, len(documents), CHUNK):
        other.notifications.insert_many(documents[first : first + CHUNK], ordered=False)
    return len(documents) / (time.perf_counter() - started)


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """The memory of a process while this is open, in KiB."""
    seen, ended = [kilobytes(pid)], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            seen.append(kilobytes(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()
