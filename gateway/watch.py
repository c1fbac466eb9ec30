"""Sees that a client does its part, with one timer for as long as its connection lasts."""

import fcntl
import struct
import termios
from asyncio import AbstractEventLoop, WriteTransport
from collections.abc import Callable
from contextlib import suppress

Owed = tuple[float, object, object]
"""For how many seconds the client may owe it, what it owes, and how far it has come with that."""


class Watch:
    """Looks every so often, so that a request costs nothing for it.

    `owed` is asked what the client owes; `late` is told of it when it is the same for too long.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        every_seconds: float,
        owed: Callable[[], Owed],
        late: Callable[[object], None],
    ) -> None:
        self._loop = loop
        self._every = every_seconds
        self._ask = owed
        self._late = late
        self._owed = owed()
        self._since = loop.time()
        self._timer = loop.call_later(every_seconds, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        owed, now = self._ask(), self._loop.time()
        if owed != self._owed:
            self._owed, self._since = owed, now
        elif now - self._since >= owed[0]:
            self._late(owed[1])
        self._timer = self._loop.call_later(self._every, self._look)


def unread(transport: WriteTransport) -> int:
    """Bytes that wait for the client to take them, in our buffer and in the system's.

    The system's has megabytes, and lets ours move only when a third of it is free.
    """
    queued = bytes(4)
    with suppress(OSError):  # not every system tells
        queued = fcntl.ioctl(transport.get_extra_info("socket"), termios.TIOCOUTQ, queued)
    return transport.get_write_buffer_size() + int(struct.unpack("i", queued)[0])
