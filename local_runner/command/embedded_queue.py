"""A queue in memory, for one process: what RabbitMQ is elsewhere.

Losing it loses no notification: the outbox publishes again what was not dispatched in time. A dead
letter that was on its way into the store is lost with it; its notification says that it failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from belfry.errors import QueueUnavailable
from belfry.ports import Message
from local_runner.event_source import EventSource, Received

log = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Messages in one queue; beyond it publishing is refused, and the outbox keeps them."""


@dataclass(slots=True)
class _Waiting:
    messages: deque[Received] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class EmbeddedQueue:
    """Publishes from any thread; is consumed on the event loop of the runner, which opens it."""

    about = "embedded, in memory"

    def __init__(self, consumed: Iterable[str]) -> None:
        self._queues = {name: _Waiting() for name in consumed}
        self._delayed: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> Mapping[str, EventSource]:
        """Belong to the running event loop; answers the queues as their triggers see them."""
        self._loop = asyncio.get_running_loop()
        return {name: EmbeddedSource(waiting) for name, waiting in self._queues.items()}

    async def close(self) -> None:
        """Take nothing more."""
        self._loop = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Take messages. Raises QueueUnavailable when closed or full, or for an unknown queue."""
        loop = self._open_loop()
        for name in {message.queue for message in messages}:
            waiting = self._queues.get(name)
            if waiting is None:
                raise QueueUnavailable(
                    f"No queue takes {name}: nothing in openapi.yaml consumes it."
                )
            if len(waiting.messages) + self._delayed[name] >= MOST_WAITING:
                raise QueueUnavailable(f"{name} holds {MOST_WAITING} messages already")
        try:
            loop.call_soon_threadsafe(self._take, messages)
        except RuntimeError:  # the loop was closed since
            raise QueueUnavailable("the embedded queue is closed") from None

    def check(self) -> None:
        """Raise QueueUnavailable when it is closed."""
        self._open_loop()

    def depths(self) -> Mapping[str, int]:
        """How many messages wait in each queue to be taken; none when it is closed."""
        if self._loop is None:
            return {}
        return {name: len(waiting.messages) for name, waiting in self._queues.items()}

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        if loop is None or loop.is_closed():
            raise QueueUnavailable("the embedded queue is closed")
        return loop

    def _take(self, messages: Sequence[Message]) -> None:
        loop = asyncio.get_running_loop()
        for message in messages:
            if message.delay > 0:
                self._delayed[message.queue] += 1
                loop.call_later(message.delay, self._put_delayed, message)
            else:
                self._put(message)

    def _put_delayed(self, message: Message) -> None:
        self._delayed[message.queue] -= 1
        self._put(message)

    def _put(self, message: Message) -> None:
        waiting = self._queues[message.queue]
        waiting.messages.append(Received(message.body, message.headers))
        waiting.arrived.set()


class EmbeddedSource:
    """One queue, on the event loop of the runner."""

    def __init__(self, waiting: _Waiting) -> None:
        self._waiting = waiting

    async def receive(self, most: int) -> Sequence[Received]:
        messages, arrived = self._waiting.messages, self._waiting.arrived
        while not messages:
            arrived.clear()
            await arrived.wait()
        return [messages.popleft() for _ in range(min(most, len(messages)))]

    def acknowledge(self, batch: Sequence[Received]) -> None:
        """Nothing to do: what was received is not in the queue any more."""

    def give_back(self, batch: Sequence[Received]) -> None:
        self._waiting.messages.extendleft(
            replace(each, redelivered=True) for each in reversed(batch)
        )
        self._waiting.arrived.set()
