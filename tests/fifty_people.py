"""The measurement that the system before this one failed: the right message to the right person."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence

import httpx
from websockets.asyncio.client import connect

from tests.runner import bearer

PEOPLE = 50
SOCKETS = 2
NOTIFICATIONS = 1000
PER_SECOND = 200

Person = tuple[str, str]
"""The id and a token."""


def each_gets_what_is_theirs(url: str, people: Sequence[Person], admin: str) -> str:
    """1,000 notifications at 200/s: each on both sockets of its person once, and on no other.

    Answers how long it took from POST to frame.
    """
    sent, received, delays = asyncio.run(_run(url, people, admin))
    assert len(sent) == NOTIFICATIONS
    for (user_id, socket), arrived in received.items():
        mine = {id_ for id_, to in sent.items() if to == user_id}
        assert Counter(arrived) == Counter(mine), f"socket {socket} of {user_id}"
    delays.sort()
    p50 = statistics.median(delays) * 1000
    p99 = delays[int(len(delays) * 0.99)] * 1000
    return f"POST to frame at {PER_SECOND}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms"


async def _run(
    url: str, people: Sequence[Person], admin: str
) -> tuple[dict[str, str], dict[tuple[str, int], list[str]], list[float]]:
    sent: dict[str, str] = {}
    posted: dict[str, float] = {}
    received: dict[tuple[str, int], list[str]] = {}
    delays: list[float] = []
    ready = asyncio.Semaphore(0)
    everything = asyncio.Event()

    async def listen(user_id: str, token: str, number: int) -> None:
        address = url.replace("http", "ws", 1) + "/ws"
        arrived = received[user_id, number] = []
        async with connect(address, additional_headers=bearer(token), compression=None) as socket:
            ready.release()
            async for message in socket:
                now = time.monotonic()
                frame = json.loads(message)
                assert frame["type"] == "notification"
                for item in frame["notifications"]:
                    assert item["userId"] == user_id
                    arrived.append(item["id"])
                    delays.append(now - posted[item["message"]])
                if sum(map(len, received.values())) == NOTIFICATIONS * SOCKETS:
                    everything.set()

    async def post(client: httpx.AsyncClient, number: int) -> None:
        user_id = random.choice(people)[0]
        posted[str(number)] = time.monotonic()
        body = {"userId": user_id, "message": str(number)}
        answer = await client.post("/api/notifications", json=body, headers=bearer(admin))
        assert answer.status_code == 201
        sent[answer.json()["id"]] = user_id

    listeners = [
        asyncio.create_task(listen(user_id, token, number))
        for user_id, token in people
        for number in range(SOCKETS)
    ]
    for _ in listeners:
        await ready.acquire()
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        begin = time.monotonic()
        posts = []
        for number in range(NOTIFICATIONS):
            await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
            posts.append(asyncio.create_task(post(client, number)))
        await asyncio.gather(*posts)
    await asyncio.wait_for(everything.wait(), 20)
    # One more round trip on each socket would bring a duplicate that is still on its way.
    await asyncio.sleep(0.5)
    for listener in listeners:
        listener.cancel()
    results = await asyncio.gather(*listeners, return_exceptions=True)
    failures = [r for r in results if not isinstance(r, asyncio.CancelledError)]
    assert not failures, failures
    return sent, received, delays
