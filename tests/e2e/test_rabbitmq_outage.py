"""RabbitMQ is away for a while: what is posted meanwhile is accepted, and arrives afterwards."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest

from belfry.retry import RetryPolicy
from belfry.topology import topology
from tests.contract.brokers import empty
from tests.device import Device
from tests.runner import Belfry, bearer
from tests.tcp_proxy import TcpProxy

PEOPLE = 4
PER_SECOND = 30
OUTAGE_SECONDS = 8.0
BACK_WITHIN_SECONDS = 30.0
# The publisher waits for 2 s; the rest is for a machine that does other things as well.
ANSWER_SECONDS = 5.0


@pytest.fixture
def wire(rabbitmq_url: str) -> Iterator[TcpProxy]:
    empty(rabbitmq_url, topology(RetryPolicy()))
    with TcpProxy(pika.URLParameters(rabbitmq_url).port) as proxy:
        yield proxy


@pytest.fixture
def belfry(tmp_path: Path, wire: TcpProxy, rabbitmq_url: str) -> Iterator[Belfry]:
    port = pika.URLParameters(rabbitmq_url).port
    url = rabbitmq_url.replace(f":{port}", f":{wire.port}")
    runner = Belfry(tmp_path / "data", {"RABBITMQ_URL": url})
    with runner:
        yield runner


@pytest.mark.parametrize("kind", ["refused", "silent"])
def test_what_is_posted_while_rabbitmq_is_away_is_accepted_and_arrives(
    belfry: Belfry, wire: TcpProxy, kind: str, record_property: Any
) -> None:
    people = [belfry.person(f"person{number}") for number in range(PEOPLE)]
    leave, come_back = {
        "refused": (wire.refuse, wire.accept),
        "silent": (wire.block, wire.flow),
    }[kind]

    sent, seen, slowest = asyncio.run(_run(belfry, people, leave, come_back))

    record_property("slowest", slowest)
    assert slowest < ANSWER_SECONDS
    assert len(sent) >= OUTAGE_SECONDS * PER_SECOND
    for user_id, ids in seen.items():
        assert Counter(ids) == Counter(id_ for id_, to in sent.items() if to == user_id)


def test_a_runner_starts_while_rabbitmq_is_away(belfry: Belfry, wire: TcpProxy) -> None:
    user, token = belfry.person("ada")
    belfry.stop()
    wire.refuse()
    belfry.launch()
    try:
        belfry.wait_until_it_answers()
        sent = belfry.send(user["id"])
        health = belfry.http.get("/api/health").json()
        assert health["parts"] == {"mongodb": "ok", "queue": "unavailable"}
    finally:
        wire.accept()
    deadline = time.monotonic() + BACK_WITHIN_SECONDS
    while not (items := belfry.get("/api/notifications", token).json()["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [item["id"] for item in items] == [sent["id"]]


async def _run(
    belfry: Belfry,
    people: list[tuple[dict[str, Any], str]],
    leave: Callable[[], None],
    come_back: Callable[[], None],
) -> tuple[dict[str, str], dict[str, list[str]], float]:
    """Post at a steady rate; answers who was sent what, what devices saw, the slowest answer."""
    sent: dict[str, str] = {}
    slowest = 0.0
    headers = bearer(belfry.admin_token())

    async def post(client: httpx.AsyncClient, number: int) -> None:
        nonlocal slowest
        user_id = people[number % PEOPLE][0]["id"]
        started = time.monotonic()
        body = {"userId": user_id, "message": str(number)}
        answer = await client.post("/api/notifications", json=body, headers=headers)
        slowest = max(slowest, time.monotonic() - started)
        assert answer.status_code == 201, answer.text
        sent[answer.json()["id"]] = user_id

    async with AsyncExitStack() as stack:
        devices = {
            user["id"]: await stack.enter_async_context(Device(belfry.port, token))
            for user, token in people
        }
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=belfry.url, timeout=20))
        begin = time.monotonic()
        async with asyncio.TaskGroup() as posts:
            for number in range(int((OUTAGE_SECONDS + 2) * PER_SECOND)):
                if number == PER_SECOND:
                    await asyncio.to_thread(leave)
                await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
                posts.create_task(post(client, number))
        await asyncio.to_thread(come_back)
        back = time.monotonic()
        for user_id, device in devices.items():
            mine = {id_ for id_, to in sent.items() if to == user_id}
            left = back + BACK_WITHIN_SECONDS - time.monotonic()
            await device.until_applied(mine, max(0.1, left))
        return sent, {user_id: device.applied for user_id, device in devices.items()}, slowest
