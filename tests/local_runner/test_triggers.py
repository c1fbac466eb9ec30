"""The triggers, with an invoker that does as it is told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from belfry.ports import Message
from gateway.invoker import (
    Event,
    FunctionError,
    FunctionTimedOut,
    InvocationError,
    RequestTooLarge,
)
from gateway.spec_form import QueueTrigger, Schedule
from local_runner.command.embedded_queue import EmbeddedQueue
from local_runner.triggers import FIRST_PAUSE_SECONDS, poll_queue, run_schedule

NAME = "belfry.deliver.0"
SECONDS = 10.0
MEGABYTE = 1024 * 1024


class FakeInvoker:
    """Keeps its events; fails as often as told, and takes as long as `gate` is closed."""

    def __init__(self, *failures: InvocationError) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self.ended = 0
        self.at_once = 0
        self.most_at_once = 0
        self.failures = list(failures)
        self.gate = asyncio.Event()
        self.gate.set()

    async def invoke(self, function: str, event: Event) -> Any:
        assert function == "dispatch.deliver"
        self.events.append(event)
        self.times.append(asyncio.get_running_loop().time())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        self.ended += 1
        if self.failures:
            raise self.failures.pop(0)

    def records(self, index: int) -> list[dict[str, Any]]:
        [(key, records)] = self.events[index]["rmqMessagesByQueue"].items()
        assert key == f"{NAME}::/"
        assert isinstance(records, list)
        return records

    def batches(self) -> list[list[str]]:
        """The texts of each batch; of a long one only its beginning."""
        return [
            [base64.b64decode(record["data"][:8]).decode()[:4] for record in self.records(index)]
            for index in range(len(self.events))
        ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.002)


def texts(*bodies: str) -> list[Message]:
    return [Message(NAME, body.encode()) for body in bodies]


@asynccontextmanager
async def polling(
    invoker: FakeInvoker, *waiting: Message, size: int = 100, window: float = 0
) -> AsyncIterator[EmbeddedQueue]:
    """A trigger at work, with what waited in the queue before."""
    queue = EmbeddedQueue([NAME])
    source = queue.open()[NAME]
    queue.publish(waiting)
    await asyncio.sleep(0)
    trigger = QueueTrigger(
        function="dispatch.deliver", batch_size=size, batching_window_seconds=window
    )
    task = asyncio.create_task(poll_queue(NAME, trigger, source, invoker))
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_what_waits_comes_in_batches_that_are_no_larger_than_told() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        async with polling(invoker, *texts("0", "1", "2", "3", "4"), size=2):
            await until(lambda: invoker.ended == 3)
        assert invoker.batches() == [["0", "1"], ["2", "3"], ["4"]]

    asyncio.run(run())


def test_one_message_is_a_batch_at_once_when_there_is_no_window() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        async with polling(invoker) as queue:
            for number in range(3):
                queue.publish(texts(str(number)))
                await until(lambda count=number + 1: invoker.ended == count)  # type: ignore[misc]
        assert invoker.batches() == [["0"], ["1"], ["2"]]

    asyncio.run(run())


def test_a_window_collects_what_comes_until_it_ends() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        loop = asyncio.get_running_loop()
        async with polling(invoker, window=0.5) as queue:
            started = loop.time()
            queue.publish(texts("0"))
            loop.call_later(0.02, queue.publish, texts("1"))
            loop.call_later(0.04, queue.publish, texts("2"))
            await until(lambda: invoker.ended == 1)
        assert invoker.batches() == [["0", "1", "2"]]
        assert invoker.times[0] - started >= 0.49

    asyncio.run(run())


def test_a_full_batch_does_not_wait_for_its_window() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        async with polling(invoker, *texts("0", "1"), size=2, window=300):
            await until(lambda: invoker.ended == 1)
        assert invoker.batches() == [["0", "1"]]

    asyncio.run(run())


def test_a_batch_of_six_megabytes_is_full() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        # 1.4 MB become 1.9 MB as base64.
        messages = texts(*(str(n) * (14 * MEGABYTE // 10) for n in range(5)))
        async with polling(invoker, *messages):
            await until(lambda: invoker.ended == 2)
        assert [[text[0] for text in batch] for batch in invoker.batches()] == [
            ["0", "1", "2"],
            ["3", "4"],
        ]

    asyncio.run(run())


def test_there_is_one_invocation_at_a_time() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        invoker.gate.clear()
        async with polling(invoker, *texts("0"), size=1) as queue:
            await until(lambda: invoker.at_once == 1)
            queue.publish(texts("1", "2"))
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(invoker.events) == 1
            invoker.gate.set()
            await until(lambda: invoker.ended == 3)
        assert invoker.most_at_once == 1

    asyncio.run(run())


def test_a_batch_that_failed_comes_back_whole_first_and_marked() -> None:
    async def run() -> None:
        invoker = FakeInvoker(FunctionError("StoreUnavailable", "down"))
        async with polling(invoker, *texts("0", "1", "2"), size=2):
            await until(lambda: invoker.ended == 3)
        assert invoker.batches() == [["0", "1"], ["0", "1"], ["2"]]
        assert [r["redelivered"] for r in invoker.records(0)] == [False, False]
        assert [r["redelivered"] for r in invoker.records(1)] == [True, True]
        assert [r["redelivered"] for r in invoker.records(2)] == [False]

    asyncio.run(run())


def test_an_error_that_nobody_foresaw_gives_the_batch_back_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        invoker = FakeInvoker(ValueError("a fault of the runner"))  # type: ignore[arg-type]
        async with polling(invoker, *texts("0")):
            await until(lambda: invoker.ended == 2)
        assert invoker.batches() == [["0"], ["0"]]

    asyncio.run(run())
    assert "a fault of the runner" in caplog.text


def test_what_is_over_six_megabytes_is_dropped_as_aws_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        messages = texts("0", "1" * (6 * MEGABYTE + 1), "2")
        async with polling(invoker, *messages):
            await until(lambda: invoker.ended == 2)
        assert invoker.batches() == [["0"], ["2"]]

    asyncio.run(run())
    assert "dropped what is over 6 MB" in caplog.text


def test_what_no_invocation_takes_is_dropped_too(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        invoker = FakeInvoker(RequestTooLarge("an event of 6.7 MB"))
        async with polling(invoker, *texts("0")) as queue:
            await until(lambda: invoker.ended == 1)
            queue.publish(texts("1"))
            await until(lambda: invoker.ended == 2)
        assert invoker.batches() == [["0"], ["1"]]

    asyncio.run(run())
    assert "dropped what is over 6 MB" in caplog.text


def test_what_fails_again_and_again_is_tried_more_and_more_slowly() -> None:
    async def run() -> None:
        invoker = FakeInvoker(FunctionError("Error", "1"), FunctionTimedOut("2"))
        async with polling(invoker, *texts("0")) as queue:
            await until(lambda: invoker.ended == 3)
            first, second, third = invoker.times
            assert second - first >= FIRST_PAUSE_SECONDS * 0.95
            assert third - second >= FIRST_PAUSE_SECONDS * 1.9
            # After a success it begins anew.
            invoker.failures.append(FunctionError("Error", "3"))
            queue.publish(texts("1"))
            await until(lambda: invoker.ended == 5)
        assert invoker.times[4] - invoker.times[3] < FIRST_PAUSE_SECONDS * 4
        assert invoker.batches() == [["0"]] * 3 + [["1"]] * 2

    asyncio.run(run())


def test_ending_waits_for_the_batch_under_way() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        invoker.gate.clear()
        async with polling(invoker, *texts("0"), size=1) as queue:
            await until(lambda: invoker.at_once == 1)
            queue.publish(texts("1"))
            asyncio.get_running_loop().call_later(0.05, invoker.gate.set)
        assert invoker.ended == 1
        assert invoker.batches() == [["0"]]

    asyncio.run(run())


async def schedule(invoker: FakeInvoker, every: float) -> asyncio.Task[None]:
    return asyncio.create_task(
        run_schedule("dispatch.deliver", Schedule(every_seconds=every), invoker)
    )


def test_a_schedule_invokes_at_once_and_then_again_also_after_a_failure() -> None:
    async def run() -> None:
        invoker = FakeInvoker(FunctionError("Error", "down"))
        task = await schedule(invoker, 0.05)
        await until(lambda: invoker.ended == 3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gaps = [later - earlier for earlier, later in pairwise(invoker.times)]
        assert all(gap >= 0.045 for gap in gaps)

    asyncio.run(run())


def test_a_scheduled_event_is_that_of_eventbridge() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        task = await schedule(invoker, 300)
        await until(lambda: invoker.ended == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        [event] = invoker.events
        assert set(event) == {
            "version",
            "id",
            "detail-type",
            "source",
            "account",
            "time",
            "region",
            "resources",
            "detail",
        }
        assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")

    asyncio.run(run())


def test_ending_waits_for_the_scheduled_invocation_under_way() -> None:
    async def run() -> None:
        invoker = FakeInvoker()
        invoker.gate.clear()
        task = await schedule(invoker, 300)
        await until(lambda: invoker.at_once == 1)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, invoker.gate.set)
        await asyncio.gather(task, return_exceptions=True)
        assert invoker.ended == 1

    asyncio.run(run())
