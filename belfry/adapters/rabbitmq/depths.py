"""Asks RabbitMQ how many messages wait, on a channel of its own.

A queue that is not there ends the channel on which it is asked for, and that is not to be the
publisher's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class DepthQuestion:
    """Asks for one queue after the other, up to one that is not there; then it is `on_done`."""

    def __init__(self, connection: Any, queues: Sequence[str], on_done: Callable[[Any], None]):
        self.depths: dict[str, int] = {}
        self._left = list(reversed(queues))
        self._on_done = on_done
        self._channel: Any = None
        connection.channel(on_open_callback=self._on_open)

    def _on_open(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda *_: self._on_done(self))
        self._ask()

    def _ask(self) -> None:
        if self._left:
            self._channel.queue_declare(self._left.pop(), passive=True, callback=self._on_answer)
        else:
            self._channel.close()

    def _on_answer(self, frame: Any) -> None:
        self.depths[frame.method.queue] = frame.method.message_count
        self._ask()
