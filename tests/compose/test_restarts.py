"""A runner is stopped and started while people post: it is quick, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from tests.compose.system import System
from tests.device import Device
from tests.runner import bearer

pytestmark = pytest.mark.compose

STOP_SECONDS = 10.0
REFUSED = 0.02
"""The share of posts that may be refused: those that a runner has just not taken any more."""


@dataclass
class Person:
    """Somebody with a device, and what was posted for them."""

    id: str
    token: str
    accepted: set[str] = field(default_factory=set)
    refused: int = 0
    applied: list[str] = field(default_factory=list)


def test_stopping_and_starting_a_runner_loses_nothing(system: System) -> None:
    people = [Person(*system.person()) for _ in range(4)]
    stop_seconds = asyncio.run(_restart_a_runner(system, people))
    posts = sum(len(person.accepted) + person.refused for person in people)
    refused = sum(person.refused for person in people)
    print(f"stopped in {stop_seconds:.1f} s; of {posts} posts {refused} were refused")
    for person in people:
        assert len(person.accepted) > 10
        assert person.accepted <= set(person.applied)
        assert len(person.applied) == len(set(person.applied))
    assert refused <= posts * REFUSED
    assert stop_seconds < STOP_SECONDS


async def _restart_a_runner(system: System, people: list[Person]) -> float:
    """Post to people with open devices meanwhile. Returns how long the runner took to stop."""
    runner = system.containers("runner")[0]
    admin = bearer(system.admin_token())
    async with AsyncExitStack() as opened:
        devices = [Device(system.port, person.token) for person in people]
        for device in devices:
            await opened.enter_async_context(device)
        http = httpx.AsyncClient(base_url=system.url, timeout=40, headers=admin)
        await opened.enter_async_context(http)
        restart = asyncio.create_task(asyncio.to_thread(_stop_and_start, system, runner))
        while not restart.done():
            for person in people:
                await _post(http, person)
        for person, device in zip(people, devices, strict=True):
            await device.until_applied(person.accepted, timeout=60)
            person.applied = list(device.applied)
    return restart.result()


async def _post(http: httpx.AsyncClient, person: Person) -> None:
    answer = await http.post("/api/notifications", json={"userId": person.id, "message": "there?"})
    if answer.status_code == 201:
        person.accepted.add(answer.json()["id"])
    else:
        person.refused += 1
    await asyncio.sleep(0.02)  # well below the edge's limit


def _stop_and_start(system: System, runner: str) -> float:
    time.sleep(0.5)  # some posts with both runners
    before = time.monotonic()
    system.docker("stop", runner)
    seconds = time.monotonic() - before
    assert system.inspect(runner)["State"]["ExitCode"] == 0
    time.sleep(0.5)  # and some with one
    system.docker("start", runner)
    system.until_healthy(runner)
    return seconds
