"""The fakes of the ports `Broadcasts`, `Chunks` and `Audiences`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from belfry.broadcast import AudienceKind, Broadcast, BroadcastState
from belfry.envelope import Chunk
from belfry.fan_out import Progress
from belfry.model import DeliveryState, Notification

if TYPE_CHECKING:
    from tests.fakes import FakeOutbox, Memory


@dataclass
class Sent:
    """A stored broadcast, when it is due, and whether its numbers are those of its end."""

    broadcast: Broadcast
    due_at: datetime | None
    is_counted: bool = False


class FakeBroadcasts:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, broadcast: Broadcast, due_at: datetime) -> Broadcast:
        sent = self._memory.tables.broadcasts.setdefault(broadcast.id, Sent(broadcast, due_at))
        return sent.broadcast

    def get(self, broadcast_id: str) -> Broadcast | None:
        sent = self._memory.tables.broadcasts.get(broadcast_id)
        return self._counted(sent) if sent else None

    def page(self, *, before: str | None, limit: int) -> Sequence[Broadcast]:
        found = [
            self._counted(sent)
            for sent in self._memory.tables.broadcasts.values()
            if before is None or sent.broadcast.id < before
        ]
        without_people = [replace(each, to=replace(each.to, user_ids=())) for each in found]
        return sorted(without_people, key=lambda each: each.id, reverse=True)[:limit]

    def withdraw(self, broadcast: Broadcast, due_at: datetime) -> bool:
        sent = _as_it_was(self._memory, broadcast)
        if sent:
            sent.broadcast = replace(
                sent.broadcast,
                state=BroadcastState.WITHDRAWN,
                delivered=broadcast.delivered,
                failed=broadcast.failed,
                cancelled=broadcast.cancelled,
                chunk=broadcast.chunk + 1,
                after="",
            )
            sent.due_at, sent.is_counted = due_at, True
        return sent is not None

    def claim(self, now: datetime, until: datetime) -> Chunk | None:
        everything = self._memory.tables.broadcasts.values()
        due = [(sent.due_at, sent) for sent in everything if sent.due_at and sent.due_at <= now]
        if not due:
            return None
        sent = min(due, key=lambda each: each[0])[1]
        sent.due_at = until
        return Chunk(sent.broadcast.id, sent.broadcast.chunk)

    def _counted(self, sent: Sent) -> Broadcast:
        if sent.is_counted:
            return sent.broadcast
        return _with_numbers(sent.broadcast, _states(self._memory, sent.broadcast.id))


class FakeChunks:
    def __init__(self, memory: Memory, outbox: FakeOutbox) -> None:
        self._memory = memory
        self._outbox = outbox

    def at(self, chunk: Chunk) -> Broadcast | None:
        sent = self._memory.tables.broadcasts.get(chunk.broadcast_id)
        is_next = sent and sent.broadcast.chunk == chunk.number and sent.due_at
        return sent.broadcast if sent and is_next else None

    def spread(self, progress: Progress, dispatch_by: datetime) -> bool:
        sent = _as_it_was(self._memory, progress.broadcast)
        if not sent or sent.broadcast.state is BroadcastState.WITHDRAWN:
            return False
        for notification in progress.notifications:
            self._outbox.add(notification, dispatch_by)
        people = [each.user_id for each in progress.notifications]
        sent.broadcast = replace(
            sent.broadcast,
            state=BroadcastState.RUNNING,
            total=progress.total,
            chunk=sent.broadcast.chunk + 1,
            is_spread=progress.is_last,
            after=people[-1] if people else sent.broadcast.after,
            accepted=sent.broadcast.accepted + len(people),
        )
        sent.due_at = progress.due_at
        return True

    def finish(self, broadcast: Broadcast, now: datetime, again_at: datetime) -> bool:
        sent = _as_it_was(self._memory, broadcast)
        if not sent:
            return False
        states = _states(self._memory, broadcast.id)
        if states[DeliveryState.QUEUED]:
            sent.due_at = again_at
            return False
        sent.broadcast = replace(
            _with_numbers(sent.broadcast, states),
            state=BroadcastState.FINISHED,
            finished_at=now,
            total=broadcast.accepted,
        )
        sent.due_at, sent.is_counted = None, True
        return True

    def copies(self, broadcast: Broadcast, limit: int) -> Sequence[tuple[str, str]]:
        here = [each for each in _copies(self._memory, broadcast.id) if not each.gone]
        theirs = [(each.id, each.user_id) for each in here if each.id > broadcast.after]
        return sorted(theirs)[:limit]

    def withdrawn(
        self, broadcast: Broadcast, last: str | None, due_at: datetime, left: str | None = None
    ) -> bool:
        sent = _as_it_was(self._memory, broadcast)
        if sent:
            after, chunk = broadcast.after if last is None else last, broadcast.chunk + 1
            sent.broadcast = replace(sent.broadcast, chunk=chunk, after=after, left=left)
            sent.due_at = None if last is None else due_at
        return sent is not None


class FakeAudiences:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def missing(self, user_ids: Collection[str]) -> Collection[str]:
        return set(user_ids) - self._memory.tables.users.keys()

    def size(self, broadcast: Broadcast) -> int:
        return len(self._people(broadcast))

    def next(self, broadcast: Broadcast, limit: int) -> Sequence[str]:
        people = self._people(broadcast)
        return sorted(user_id for user_id in people if user_id > broadcast.after)[:limit]

    def _people(self, broadcast: Broadcast) -> Sequence[str]:
        tables = self._memory.tables
        if broadcast.to.kind is AudienceKind.TOPIC:
            return [who for who, topic in tables.subscriptions if topic == broadcast.to.topic]
        return [user_id for user_id in tables.users if user_id < broadcast.id]


def _as_it_was(memory: Memory, broadcast: Broadcast) -> Sent | None:
    sent = memory.tables.broadcasts[broadcast.id]
    was = (broadcast.chunk, broadcast.state)
    return sent if (sent.broadcast.chunk, sent.broadcast.state) == was else None


def _copies(memory: Memory, broadcast_id: str) -> Sequence[Notification]:
    rows = memory.tables.notifications.values()
    return [row.notification for row in rows if row.notification.broadcast_id == broadcast_id]


def _states(memory: Memory, broadcast_id: str) -> Counter[DeliveryState]:
    """How many of the copies are in which state."""
    rows = memory.tables.notifications
    return Counter(rows[each.id].state for each in _copies(memory, broadcast_id))


def _with_numbers(broadcast: Broadcast, states: Counter[DeliveryState]) -> Broadcast:
    return replace(
        broadcast,
        delivered=states[DeliveryState.DISPATCHED],
        failed=states[DeliveryState.FAILED],
        cancelled=states[DeliveryState.CANCELLED],
    )
