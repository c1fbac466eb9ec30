"""Runs calls in threads for one event loop, at about half the cost of `loop.run_in_executor`.

Results travel back in batches: one wake-up of the loop for all calls that ended meanwhile.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Call = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class WorkerThreads:
    """A fixed number of threads; daemons, so that a call that never ends does not hold the exit.

    `submit` belongs to one event loop. A future that is cancelled before its call began takes the
    call with it; a call that has begun cannot be stopped.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._waking = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, call: Callable[..., Any], *arguments: Any) -> "asyncio.Future[Any]":
        """Run `call(*arguments)` in a thread; must be called from the event loop."""
        if self._loop is None:
            self._start(asyncio.get_running_loop())
        assert self._loop is not None
        future = self._loop.create_future()
        self._calls.put((future, call, arguments))
        return future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        for number in range(self._threads):
            name = f"function-{number}"
            threading.Thread(target=self._work, args=(loop,), name=name, daemon=True).start()

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread."""
        return self._calls.qsize()

    def close(self) -> None:
        """Let idle threads end; busy ones end after their call."""
        for _ in range(self._threads if self._loop else 0):
            self._calls.put(None)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (item := self._calls.get()) is not None:
            future, call, arguments = item
            if future.done():
                continue
            result, error = None, None
            try:
                result = call(*arguments)
            except BaseException as raised:
                error = raised
            self._done.append((future, result, error))
            del item, future, call, arguments, result, error
            # The flag is cleared before the results are taken, so none is left without a wake-up.
            if not self._waking:
                self._waking = True
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._waking = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
