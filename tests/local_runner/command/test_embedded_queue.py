"""The embedded queue, seen by who consumes it. What it promises its publishers is in contract/."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from belfry.errors import QueueUnavailable
from belfry.ports import Message
from local_runner.command.embedded_queue import MOST_WAITING, EmbeddedQueue
from local_runner.event_source import EventSource, Received

NAME, DEAD = "belfry.deliver.0", "belfry.dead"
SECONDS = 5.0


def message(text: str | int, *, queue: str = NAME, delay: float = 0) -> Message:
    return Message(queue, str(text).encode(), delay=delay)


def texts(received: Sequence[Received]) -> list[str]:
    return [each.body.decode() for each in received]


def opened() -> tuple[EmbeddedQueue, EventSource]:
    queue = EmbeddedQueue([NAME, DEAD])
    return queue, queue.open()[NAME]


async def receive(source: EventSource, most: int = 100) -> Sequence[Received]:
    async with asyncio.timeout(SECONDS):
        return await source.receive(most)


async def receive_all(source: EventSource, count: int) -> list[str]:
    seen: list[str] = []
    while len(seen) < count:
        seen += texts(await receive(source, count - len(seen)))
    return seen


def test_who_waits_gets_what_comes() -> None:
    async def run() -> None:
        queue, source = opened()
        waiting = asyncio.create_task(receive(source))
        await asyncio.sleep(0)
        queue.publish([message(1), message(2)])
        assert texts(await waiting) == ["1", "2"]

    asyncio.run(run())


def test_no_more_comes_than_was_asked_for() -> None:
    async def run() -> None:
        queue, source = opened()
        queue.publish([message(number) for number in range(5)])
        assert texts(await receive(source, 2)) == ["0", "1"]
        assert texts(await receive(source, 2)) == ["2", "3"]
        assert texts(await receive(source, 2)) == ["4"]

    asyncio.run(run())


def test_messages_of_other_threads_wake_who_waits() -> None:
    async def run() -> None:
        queue, source = opened()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as threads:
            publishing = [
                loop.run_in_executor(threads, queue.publish, [message(number)])
                for number in range(100)
            ]
            seen = await receive_all(source, 100)
            await asyncio.gather(*publishing)
        assert sorted(map(int, seen)) == list(range(100))

    asyncio.run(run())


def test_one_publisher_keeps_its_order() -> None:
    async def run() -> None:
        queue, source = opened()
        loop = asyncio.get_running_loop()

        def publish() -> None:
            for number in range(0, 100, 2):
                queue.publish([message(number), message(number + 1)])

        publishing = loop.run_in_executor(None, publish)
        assert await receive_all(source, 100) == [str(number) for number in range(100)]
        await publishing

    asyncio.run(run())


def test_a_delayed_message_comes_after_its_delay_and_holds_up_nothing() -> None:
    async def run() -> None:
        queue, source = opened()
        loop = asyncio.get_running_loop()
        started = loop.time()
        queue.publish([message("late", delay=0.1), message("later", delay=0.2), message("now")])
        assert texts(await receive(source)) == ["now"]
        assert texts(await receive(source)) == ["late"]
        assert loop.time() - started >= 0.09
        assert texts(await receive(source)) == ["later"]
        assert loop.time() - started >= 0.19

    asyncio.run(run())


def test_what_is_given_back_comes_first_in_its_order_as_it_is() -> None:
    async def run() -> None:
        queue, source = opened()
        queue.publish([message(number) for number in range(4)])
        batch = await receive(source, 3)
        assert [each.redelivered for each in batch] == [False] * 3
        source.give_back(batch)
        again = await receive(source)
        assert texts(again) == ["0", "1", "2", "3"]
        assert [each.redelivered for each in again] == [True, True, True, False]

    asyncio.run(run())


def test_what_is_given_back_wakes_who_waits() -> None:
    async def run() -> None:
        queue, source = opened()
        queue.publish([message(1)])
        batch = await receive(source)
        waiting = asyncio.create_task(receive(source))
        await asyncio.sleep(0)
        source.give_back(batch)
        assert texts(await waiting) == ["1"]

    asyncio.run(run())


def test_a_full_queue_refuses_more_until_there_is_room() -> None:
    async def run() -> None:
        queue, source = opened()
        queue.publish([message("x")] * MOST_WAITING)
        await asyncio.sleep(0)
        with pytest.raises(QueueUnavailable, match=f"{NAME} holds {MOST_WAITING}"):
            queue.publish([message("one too many")])
        queue.publish([message("another queue is not full", queue=DEAD)])
        await receive(source, 1)
        queue.publish([message("room again")])

    asyncio.run(run())


def test_a_queue_that_nothing_consumes_is_refused() -> None:
    async def run() -> None:
        queue, source = opened()
        with pytest.raises(QueueUnavailable, match="elsewhere"):
            queue.publish([message(1), message(2, queue="elsewhere")])
        queue.publish([message(3)])
        assert texts(await receive(source)) == ["3"]

    asyncio.run(run())


def test_a_closed_queue_takes_nothing() -> None:
    async def run() -> EmbeddedQueue:
        queue, _ = opened()
        queue.check()
        await queue.close()
        with pytest.raises(QueueUnavailable, match="closed"):
            queue.publish([message(1)])
        queue.open()
        return queue

    queue = asyncio.run(run())
    # Its event loop has ended without closing it.
    for use in (queue.check, lambda: queue.publish([message(1)])):
        with pytest.raises(QueueUnavailable, match="closed"):
            use()
