"""Devices without a WebSocket: they wait for events over HTTP, and miss none."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median
from typing import Any

import httpx
import pytest

from tests.runner import Belfry, bearer, receive
from tests.screen import Screen

PATH = "/api/inbox/events"
AT_ONCE = 60
SENT = 30
Json = dict[str, Any]


def poll(belfry: Belfry, token: str, since: int, wait: int) -> Json:
    query = {"since": since, "wait": wait}
    return belfry.answer(belfry.get(PATH, token, params=query, timeout=wait + 10), 200)


def test_an_answer_comes_with_the_event(belfry: Belfry) -> None:
    user, token = belfry.person("ada")
    admin = bearer(belfry.admin_token())
    with ThreadPoolExecutor(1) as thread:
        asked: Future[Json] = thread.submit(poll, belfry, token, 0, 20)
        time.sleep(0.5)
        assert not asked.done(), "it does not wait"
        with httpx.Client(base_url=belfry.url, headers=admin) as http:
            body = {"userId": user["id"], "message": "Hello"}
            sent = belfry.answer(http.post("/api/notifications", json=body), 201)
            answer = asked.result(timeout=1)
    assert (answer["type"], answer["seq"], answer["recovered"]) == ("sync", 1, True)
    [event] = answer["events"]
    assert [item["id"] for item in event["notifications"]] == [sent["id"]]


def test_without_an_event_it_answers_when_the_time_is_over(belfry: Belfry) -> None:
    _, token = belfry.person("bob")
    before = time.monotonic()
    answer = poll(belfry, token, 0, 2)
    assert 2 <= time.monotonic() - before < 3
    assert answer == {
        "type": "sync",
        "seq": 0,
        "unreadCount": 0,
        "recovered": True,
        "events": [],
        "more": False,
    }
    before = time.monotonic()
    assert poll(belfry, token, 99, 20)["recovered"] is False, "a number from elsewhere"
    assert time.monotonic() - before < 1


def test_many_who_wait_hold_up_nobody_else(belfry: Belfry) -> None:
    user, token = belfry.person("cy")
    others, admin = belfry.person("dee")[1], belfry.admin_token()
    waited, others_took = asyncio.run(_many(belfry, token, others, user["id"], admin))
    assert median(others_took) < 0.25
    assert max(others_took) < 1
    assert waited < 2, "all are told at once"


async def _many(
    belfry: Belfry, token: str, others: str, user_id: str, admin: str
) -> tuple[float, list[float]]:
    """Sixty wait. How long those took to answer, once there was an event, and calls meanwhile."""
    limits = httpx.Limits(max_connections=AT_ONCE + 1)
    async with httpx.AsyncClient(base_url=belfry.url, timeout=30, limits=limits) as http:
        waiting = [
            asyncio.create_task(
                http.get(PATH, params={"since": 0, "wait": 20}, headers=bearer(token))
            )
            for _ in range(AT_ONCE)
        ]
        took = []
        for _ in range(20):
            before = time.monotonic()
            page = await http.get("/api/notifications", headers=bearer(others))
            took.append(time.monotonic() - before)
            assert page.status_code == 200
            await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting)
        body = {"userId": user_id, "message": "Hello"}
        sent = await http.post("/api/notifications", json=body, headers=bearer(admin))
        assert sent.status_code == 201
        before = time.monotonic()
        answers = [Belfry.answer(each, 200) for each in await asyncio.gather(*waiting)]
        assert {answer["seq"] for answer in answers} == {1}
        return time.monotonic() - before, took


@pytest.mark.parametrize("first", ["socket", "poll"])
def test_going_from_one_way_to_the_other_misses_nothing(belfry: Belfry, first: str) -> None:
    user, token = belfry.person(f"fay-{first}")
    admin = bearer(belfry.admin_token())

    def send() -> list[str]:
        with httpx.Client(base_url=belfry.url, headers=admin) as http:
            body = {"userId": user["id"], "message": "Hello"}
            answers = [http.post("/api/notifications", json=body) for _ in range(SENT)]
        return [belfry.answer(each, 201)["id"] for each in answers]

    screen, seen = Screen(), list[str]()
    screen.take(belfry.answer(belfry.get(PATH, token), 200))
    deadline = time.monotonic() + 20
    way = first
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(send)
        while len(seen) < SENT:
            assert time.monotonic() < deadline
            seen += _some(belfry, token, screen, way)
            way = "poll" if way == "socket" else "socket"
        assert seen == sending.result()


def _some(belfry: Belfry, token: str, screen: Screen, way: str) -> list[str]:
    """What a device sees in this way, for a moment: the ids of what has arrived."""
    events: list[Json] = []
    if way == "poll":
        question = screen.question()
        events += screen.take(poll(belfry, token, question["since"], 1))
    else:
        with belfry.socket(token) as socket:
            socket.send(json.dumps(screen.question()))
            for _ in range(3):
                try:
                    events += screen.take(receive(socket, timeout=0.3))
                except TimeoutError:
                    break
                if screen.needs_sync:
                    socket.send(json.dumps(screen.question()))
        screen.disconnected()
    return [item["id"] for event in events for item in event["notifications"]]
