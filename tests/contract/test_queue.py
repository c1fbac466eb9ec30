"""What the port `Queue` promises."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Protocol

import pytest

from belfry.errors import QueueUnavailable
from belfry.ports import Message, Queue
from local_runner.embedded_queue import EmbeddedQueue
from tests.fakes import FakeQueue

NAME, OTHER = "belfry.deliver.0", "belfry.deliver.1"


class Broker(Protocol):
    """A queue to publish to, seen from the side of who consumes it."""

    @property
    def queue(self) -> Queue: ...

    def next(self, name: str, count: int) -> Sequence[Message]: ...

    def end(self) -> None: ...


class FakeBroker:
    def __init__(self) -> None:
        self.queue = FakeQueue()

    def next(self, name: str, count: int) -> Sequence[Message]:
        return [message for message in self.queue.published if message.queue == name][:count]

    def end(self) -> None:
        self.queue.down = True


class EmbeddedBroker:
    """Consumes on an event loop of its own, as the runner does."""

    def __init__(self) -> None:
        self.queue = EmbeddedQueue([NAME, OTHER])
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(5)

    async def _open(self) -> None:
        self.queue.open()

    def next(self, name: str, count: int) -> Sequence[Message]:
        return asyncio.run_coroutine_threadsafe(self._next(name, count), self._loop).result(5)

    async def _next(self, name: str, count: int) -> Sequence[Message]:
        messages: list[Message] = []
        while len(messages) < count:
            received = await self.queue.receive(name, count - len(messages))
            messages += [each.message for each in received]
        return messages

    def end(self) -> None:
        self.queue.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture(params=["fake", "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    if request.param == "fake":
        yield FakeBroker()
        return
    embedded = EmbeddedBroker()
    yield embedded
    embedded.close()


def test_messages_arrive_in_order_and_as_they_were(broker: Broker) -> None:
    messages = [
        Message(NAME, b"\x00\xff", {"x-retry-attempts": 2, "x-dead-reason": "ünknown"}),
        Message(NAME, b""),
        Message(OTHER, b"another queue"),
        Message(NAME, b"last"),
    ]
    broker.queue.publish(messages)
    assert list(broker.next(NAME, 3)) == [messages[0], messages[1], messages[3]]
    assert list(broker.next(OTHER, 1)) == [messages[2]]


def test_a_queue_that_works_passes_the_check(broker: Broker) -> None:
    broker.queue.check()


def test_nothing_published_is_no_failure(broker: Broker) -> None:
    broker.queue.publish([])


def test_messages_of_many_threads_all_arrive(broker: Broker) -> None:
    bodies = [str(number).encode() for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda body: broker.queue.publish([Message(NAME, body)]), bodies))
    assert {message.body for message in broker.next(NAME, 200)} == set(bodies)


def test_a_queue_that_is_down_says_so(broker: Broker) -> None:
    broker.end()
    with pytest.raises(QueueUnavailable) as raised:
        broker.queue.publish([Message(NAME, b"1")])
    assert raised.value.temporary
    with pytest.raises(QueueUnavailable):
        broker.queue.check()


def test_a_queue_that_was_never_opened_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable):
        EmbeddedQueue([NAME]).publish([Message(NAME, b"1")])
