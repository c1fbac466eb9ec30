"""`kill -9`, while 1,000 POSTs are under way: what was answered 201 is never lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.device import Device
from tests.runner import Belfry, bearer

POSTS = 1000
AT_ONCE = 16
KILL_AFTER = 300
PEOPLE = 5

# The outbox gives the dispatcher 15 s, and the sweep looks every 5 s.
CAUGHT_UP_SECONDS = 45.0


def test_nothing_is_lost_when_the_runner_is_killed(own_belfry: Belfry) -> None:
    def crash() -> None:
        own_belfry.kill()
        own_belfry.start()

    _post_through_a_crash(own_belfry, crash, reconnects=True)


def test_nothing_is_lost_when_mongod_is_killed(own_belfry: Belfry) -> None:
    # The runner is not restarted: it starts mongod again by itself.
    _post_through_a_crash(own_belfry, lambda: _signal_mongod(own_belfry, signal.SIGKILL))
    own_belfry.wait_until_ready()


def test_a_database_that_is_down_is_503_and_comes_back_by_itself(own_belfry: Belfry) -> None:
    user, token = own_belfry.person("ada")
    headers = bearer(own_belfry.admin_token())
    body = {"userId": user["id"], "message": "Hello"}
    _signal_mongod(own_belfry, signal.SIGSTOP)
    try:
        refused = own_belfry.http.post("/api/notifications", json=body, headers=headers)
        assert own_belfry.http.get("/api/health").json()["parts"]["mongodb"] == "unavailable"
    finally:
        _signal_mongod(own_belfry, signal.SIGCONT)

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.json()["type"] == "urn:belfry:problem:unavailable"
    own_belfry.wait_until_ready()
    assert own_belfry.http.post("/api/notifications", json=body, headers=headers).is_success
    assert own_belfry.get("/api/notifications", token).is_success


def _signal_mongod(belfry: Belfry, number: signal.Signals) -> None:
    """Signal the runner's own mongod, which writes its process id into its data folder."""
    pid = int((belfry.folder / "mongod" / "data" / "mongod.lock").read_text())
    os.kill(pid, number)


def _post_through_a_crash(
    belfry: Belfry, crash: Callable[[], None], *, reconnects: bool = False
) -> None:
    people = [belfry.person(f"person{number}") for number in range(PEOPLE)]
    admin = belfry.admin_token()

    accepted, devices = asyncio.run(_run(belfry, people, admin, crash))

    assert len(accepted) > KILL_AFTER
    for (user, token), device in zip(people, devices, strict=True):
        mine = {id_ for id_, to in accepted.items() if to == user["id"]}
        inbox = Counter(_inbox(belfry, token))
        assert mine <= set(inbox), "accepted, but not in the inbox"
        assert set(inbox.values()) == {1}, "twice in the inbox"
        seen = Counter(device.applied)
        assert mine <= set(seen), "accepted, but not seen by the device"
        assert set(seen.values()) == {1}, "seen twice by the device"
        if reconnects:
            assert device.recoveries, "the device was never disconnected"
            assert all(device.recoveries)


async def _run(
    belfry: Belfry,
    people: list[tuple[dict[str, Any], str]],
    admin: str,
    crash: Callable[[], None],
) -> tuple[dict[str, str], list[Device]]:
    accepted: dict[str, str] = {}
    numbers = iter(range(POSTS))
    time_to_crash = asyncio.Event()

    async def post(client: httpx.AsyncClient) -> None:
        for number in numbers:
            user_id = people[number % PEOPLE][0]["id"]
            body = {"userId": user_id, "message": str(number)}
            try:
                answer = await client.post("/api/notifications", json=body, headers=bearer(admin))
            except httpx.TransportError:
                await asyncio.sleep(0.05)  # refused or cut: this one was not accepted
                continue
            assert answer.status_code in (201, 503), answer.text
            if answer.status_code == 201:
                accepted[answer.json()["id"]] = user_id
            if len(accepted) >= KILL_AFTER:
                time_to_crash.set()

    async with AsyncExitStack() as stack:
        devices = [
            await stack.enter_async_context(Device(belfry.port, token)) for _, token in people
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=belfry.url, timeout=20))
        posters = [asyncio.create_task(post(client)) for _ in range(AT_ONCE)]
        await time_to_crash.wait()
        await asyncio.to_thread(crash)
        await asyncio.gather(*posters)
        deadline = time.monotonic() + CAUGHT_UP_SECONDS
        for (user, _), device in zip(people, devices, strict=True):
            mine = {id_ for id_, to in accepted.items() if to == user["id"]}
            await device.until_applied(mine, max(0.1, deadline - time.monotonic()))
        return accepted, devices


def _inbox(belfry: Belfry, token: str) -> list[str]:
    ids: list[str] = []
    path: str | None = "/api/notifications?limit=100"
    while path:
        page = belfry.get(path, token)
        ids += [item["id"] for item in page.json()["items"]]
        path = page.links.get("next", {}).get("url")
    return ids
