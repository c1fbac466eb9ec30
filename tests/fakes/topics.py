"""The fake of the port `Subscriptions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes import Memory


class FakeSubscriptions:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, user_id: str, topic: str) -> None:
        self._memory.tables.subscriptions.add((user_id, topic))

    def remove(self, user_id: str, topic: str) -> None:
        self._memory.tables.subscriptions.discard((user_id, topic))

    def of(self, user_id: str, limit: int) -> Sequence[str]:
        followed = self._memory.tables.subscriptions
        return sorted(topic for who, topic in followed if who == user_id)[:limit]
