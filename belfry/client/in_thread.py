"""Blocking calls for those who must not block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import TypeVar

from belfry.client.errors import Problem, Unreachable
from belfry.client.stream import Lost

T = TypeVar("T")

REFUSED = frozenset({401, 403})


def begin(call: Callable[[], T]) -> concurrent.futures.Future[T]:
    """Let a blocking call go on by itself.

    `asyncio.to_thread` and executors would hold up the end of the program until an answer came that
    nobody waits for any more.
    """
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()  # cannot be cancelled from here on

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="belfry.client", daemon=True).start()
    return future


async def answer_of(call: Callable[[], T]) -> T:
    """What a blocking call answers. Raises Lost for what may pass, Problem for a refused token."""
    try:
        return await asyncio.wrap_future(begin(call))
    except Unreachable as error:
        raise Lost(str(error)) from None
    except Problem as problem:
        if problem.status in REFUSED:
            raise
        raise Lost(str(problem)) from None
