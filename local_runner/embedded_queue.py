"""A queue in memory, for one process: what RabbitMQ is elsewhere.

Losing it loses nothing: the outbox publishes again what was not dispatched in time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from belfry.errors import QueueUnavailable
from belfry.ports import Message

log = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Messages in one queue; beyond it publishing is refused, and the outbox keeps them."""

MOST_UNCONSUMED = 1_000
"""Messages kept of a queue that nothing consumes, such as the dead letters: the newest."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that waits to be acknowledged."""

    message: Message
    redelivered: bool = False


@dataclass(slots=True)
class _Waiting:
    messages: deque[Received] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class EmbeddedQueue:
    """Publishes from any thread; is consumed on the event loop of the runner, which opens it."""

    def __init__(self, consumed: Iterable[str]) -> None:
        self._queues = {name: _Waiting() for name in consumed}
        self._delayed: Counter[str] = Counter()
        self._unconsumed: dict[str, deque[Message]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Belong to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Take nothing more."""
        self._loop = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Take messages. Raises QueueUnavailable when closed or full."""
        loop = self._open_loop()
        for name in {message.queue for message in messages}:
            waiting = self._queues.get(name)
            if waiting and len(waiting.messages) + self._delayed[name] >= MOST_WAITING:
                raise QueueUnavailable(f"{name} holds {MOST_WAITING} messages already")
        try:
            loop.call_soon_threadsafe(self._take, messages)
        except RuntimeError:  # the loop was closed since
            raise QueueUnavailable("the embedded queue is closed") from None

    def check(self) -> None:
        """Raise QueueUnavailable when it is closed."""
        self._open_loop()

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
        waiting = self._queues.get(message.queue)
        if waiting is None:
            kept = self._unconsumed.setdefault(message.queue, deque(maxlen=MOST_UNCONSUMED))
            kept.append(message)
            return
        waiting.messages.append(Received(message))
        waiting.arrived.set()

    async def receive(self, name: str, most: int) -> Sequence[Received]:
        """Wait for messages; answers at least one and at most `most`, in their order."""
        waiting = self._queues[name]
        while not waiting.messages:
            waiting.arrived.clear()
            await waiting.arrived.wait()
        return [waiting.messages.popleft() for _ in range(min(most, len(waiting.messages)))]

    def give_back(self, name: str, received: Sequence[Received]) -> None:
        """Put messages back in front, in their order."""
        waiting = self._queues[name]
        waiting.messages.extendleft(reversed(received))
        waiting.arrived.set()

    def unconsumed(self, name: str) -> Sequence[Message]:
        """What is kept of a queue that nothing consumes, oldest first."""
        return list(self._unconsumed.get(name, ()))
