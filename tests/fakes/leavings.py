"""The fake of the port `Leavings`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from belfry.leaving import Leaving
from belfry.model import DeliveryState, Gone, Notification, Role

if TYPE_CHECKING:
    from tests.fakes import Memory, Row


class FakeLeavings:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def begin(self, user_id: str, now: datetime, due_at: datetime) -> bool:
        tables = self._memory.tables
        stored = tables.users.get(user_id)
        if stored and stored.user.role is Role.USER:
            del tables.users[user_id]
            tables.leavings[user_id] = now, due_at
        return user_id in tables.leavings

    def forget(self, user_id: str, now: datetime) -> bool:
        tables = self._memory.tables
        tables.streams.pop(user_id, None)
        theirs = [
            row for row in tables.notifications.values() if row.notification.user_id == user_id
        ]
        ids = {row.notification.id for row in theirs}
        for row in theirs:
            if row.state is DeliveryState.DISPATCHED:
                del tables.notifications[row.notification.id]
            else:
                make_stone(row, now)
        tables.connections = {
            id_: each for id_, each in tables.connections.items() if each.user_id != user_id
        }
        tables.tickets = {
            name: each for name, each in tables.tickets.items() if each[0].user_id != user_id
        }
        tables.dead_letters = {
            id_: each for id_, each in tables.dead_letters.items() if each.user_id != user_id
        }
        tables.idempotency_keys = {
            place: each
            for place, each in tables.idempotency_keys.items()
            if place[0] != user_id and each[0].reserved_id not in ids
        }
        tables.subscriptions = {each for each in tables.subscriptions if each[0] != user_id}
        self._forget_in_broadcasts(user_id)
        return True

    def _forget_in_broadcasts(self, user_id: str) -> None:
        for sent in self._memory.tables.broadcasts.values():
            to, after = sent.broadcast.to, sent.broadcast.after
            named = tuple(each for each in to.user_ids if each != user_id)
            sent.broadcast = replace(
                sent.broadcast,
                to=replace(to, user_ids=named),
                after=after if after != user_id else user_id[:-1] + chr(ord(user_id[-1]) - 1),
            )

    def claim(self, now: datetime, until: datetime) -> Leaving | None:
        table = self._memory.tables.leavings
        due = sorted((at, user_id) for user_id, (_, at) in table.items() if at <= now)
        if not due:
            return None
        user_id = due[0][1]
        left_at = table[user_id][0]
        table[user_id] = left_at, until
        return Leaving(user_id, left_at)

    def postpone(self, user_id: str, due_at: datetime) -> None:
        table = self._memory.tables.leavings
        if user_id in table:
            table[user_id] = table[user_id][0], due_at

    def end(self, user_id: str) -> None:
        self._memory.tables.leavings.pop(user_id, None)


def make_stone(row: Row, now: datetime) -> None:
    """Leave nothing of a notification but that it has gone."""
    was = row.notification
    row.notification = Notification(
        was.id, "", "", now, broadcast_id=was.broadcast_id, gone=Gone.DELETED, gone_at=now
    )
    row.state, row.dispatch_by, row.failure, row.acknowledged_at = (
        DeliveryState.CANCELLED,
        None,
        None,
        None,
    )
    row.attempts.clear()
