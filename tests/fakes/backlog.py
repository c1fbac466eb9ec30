"""The fake of the port `Backlog`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes import Memory


class FakeBacklog:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def overdue_since(self, now: datetime) -> datetime | None:
        rows = self._memory.tables.notifications.values()
        times = [row.dispatch_by for row in rows if row.dispatch_by and row.dispatch_by <= now]
        return min(times, default=None)
