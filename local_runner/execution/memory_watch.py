"""Looks at the memory of functions' processes while they work."""

import asyncio
import os
from collections.abc import Sequence
from typing import Protocol

import psutil

TICK_SECONDS = 0.02
"""How long a function may have more memory than it should before it is noticed."""


class Watched(Protocol):
    """Something whose processes are one process group."""

    @property
    def group(self) -> int: ...

    def uses(self, resident_bytes: int) -> None:
        """Its processes together have this much memory at this moment."""


class MemoryWatch:
    """Tells everything that is watched, every 20 ms, how much memory it has. For one event loop."""

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, each: Watched) -> None:
        self._watched.add(each)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._look)

    def remove(self, each: Watched) -> None:
        """Look for the last time, and no more. Does nothing when it is not watched."""
        if each in self._watched:
            self._watched.remove(each)
            each.uses(resident_bytes([each.group]))

    def _look(self) -> None:
        self._timer = None
        if not self._watched:
            return
        members: dict[int, list[int]] = {each.group: [] for each in self._watched}
        for process in psutil.pids():
            group = _group_of(process)
            if group in members:
                members[group].append(process)
        for each in list(self._watched):
            each.uses(resident_bytes(members[each.group]))
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._look)


def resident_bytes(processes: Sequence[int]) -> int:
    """The memory that processes have together, in bytes; those that have ended count nothing."""
    total = 0
    for number in processes:
        try:
            process = psutil.Process(number)
            # What several share counts once. It costs a walk through their pages.
            alone = len(processes) == 1
            total += process.memory_info().rss if alone else process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _group_of(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except OSError:
        return None
