"""The queues that the contract runs on, each seen from both sides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from threading import Thread
from typing import Any, Protocol, TypeVar

import pika

from belfry.adapters.rabbitmq.declare import apply
from belfry.adapters.rabbitmq.queue import RabbitQueue
from belfry.errors import QueueUnavailable
from belfry.ports import Message, Queue
from belfry.retry import RetryPolicy
from belfry.topology import Topology, consumed_queues, topology
from local_runner.command.embedded_queue import EmbeddedQueue
from local_runner.event_source import Consumer, EventSource, Received
from local_runner.rabbitmq_source import RabbitConsumer
from tests.fakes import FakeQueue

T = TypeVar("T")

NAME, OTHER = "belfry.deliver.0", "belfry.deliver.1"
CONSUMED = consumed_queues()
BATCH_SIZE = 3
SECONDS = 20.0
RETRY = RetryPolicy(max_attempts=2, first_delay=0.2)


class Broker(Protocol):
    """A queue to publish to, seen from the side of who consumes it."""

    @property
    def queue(self) -> Queue: ...

    def next(self, name: str, count: int) -> Sequence[Message]:
        """The next messages of a queue, done with."""

    def end(self) -> None:
        """Take nothing more."""

    def close(self) -> None: ...


class FakeBroker:
    def __init__(self) -> None:
        self.queue = FakeQueue()

    def next(self, name: str, count: int) -> Sequence[Message]:
        return [message for message in self.queue.published if message.queue == name][:count]

    def end(self) -> None:
        self.queue.down = True

    def close(self) -> None: ...


class ConsumedBroker:
    """One whose messages are received on an event loop of their own, as in the runner."""

    def __init__(self, queue: Queue, consumer: Consumer) -> None:
        self.queue = queue
        self._consumer = consumer
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._sources = self._run(self._open())

    async def _open(self) -> Mapping[str, EventSource]:
        return self._consumer.open()

    def receive(self, name: str, most: int) -> Sequence[Received]:
        return self._run(self._sources[name].receive(most))

    def acknowledge(self, name: str, batch: Sequence[Received]) -> None:
        self._loop.call_soon_threadsafe(self._sources[name].acknowledge, batch)

    def give_back(self, name: str, batch: Sequence[Received]) -> None:
        self._loop.call_soon_threadsafe(self._sources[name].give_back, batch)

    def next(self, name: str, count: int) -> Sequence[Message]:
        messages: list[Message] = []
        while len(messages) < count:
            batch = self.receive(name, count - len(messages))
            self.acknowledge(name, batch)
            messages += [Message(name, each.body, each.headers) for each in batch]
        return messages

    def end(self) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """End the consumer; what it has not acknowledged is the queue's again."""
        self._run(self._consumer.close())

    def close(self) -> None:
        self.disconnect()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)


class EmbeddedBroker(ConsumedBroker):
    def __init__(self) -> None:
        queue = EmbeddedQueue(CONSUMED)
        super().__init__(queue, queue)


class RabbitBroker(ConsumedBroker):
    """A RabbitMQ whose queues are empty at the beginning."""

    def __init__(self, url: str, wanted: Topology | None = None) -> None:
        self.url = url
        self._wanted = wanted or topology(RETRY)
        empty(url, self._wanted)
        self._publisher = RabbitQueue(url)
        super().__init__(self._publisher, consumer(url, self._wanted))

    def end(self) -> None:
        """A broker that the whole run shares is not ended: its connections are refused instead."""
        self._publisher.close()
        self._publisher = self.queue = RabbitQueue("amqp://127.0.0.1:1")

    def publish_until_taken(self, message: Message) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return self.queue.publish([message])
            except QueueUnavailable:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def reconnect(self) -> None:
        """Consume again, as another runner would."""
        self._consumer = consumer(self.url, self._wanted)
        self._sources = self._run(self._open())

    def close(self) -> None:
        super().close()
        self._publisher.close()


def consumer(url: str, wanted: Topology) -> RabbitConsumer:
    def declare() -> None:
        for _ in apply(url, wanted):
            pass

    return RabbitConsumer(url, dict.fromkeys(CONSUMED, BATCH_SIZE), declare)


def empty(url: str, wanted: Topology) -> None:
    """The whole topology anew, and empty."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for queue in wanted.queues:
            channel.queue_delete(queue.name)
    for _ in apply(url, wanted):
        pass
