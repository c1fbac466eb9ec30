"""Use case: bring a broadcast to its people, a chunk at a time, or take it back again.

A chunk's notifications and how far the broadcast has come are stored together or not at all, in the
form of the outbox. So a crash at any moment costs no more than time: what was stored is dispatched,
by the messages of this chunk or by the sweep, and what was not is done again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from belfry import wire
from belfry.broadcast import AudienceKind, Broadcast, BroadcastState
from belfry.broadcasts import CHUNK_WITHIN, Audiences
from belfry.changes import Change, ChangeKind
from belfry.changing import change_each_and_tell
from belfry.copies import copy_for
from belfry.devices import Devices
from belfry.envelope import Chunk, body_of_many
from belfry.errors import QueueUnavailable, StoreUnavailable, Unreadable
from belfry.model import DeadReason, Notification
from belfry.outcome import dead_with
from belfry.ports import Clock, Inboxes, Message, Queue
from belfry.sending import DISPATCH_WITHIN
from belfry.statistics import Statistics
from belfry.topology import delivery_queue

log = logging.getLogger(__name__)

CHUNK_PEOPLE = 500
CHUNK_BYTES = 4 * 1024 * 1024
"""So much of content, or about so many people, is stored at a time."""

LEAST_PEOPLE = 50

NAMED_TOGETHER = 250
"""So many notifications one message names."""

WITHDRAWN_TOGETHER = 500
"""Each of them is a change of another inbox, and all of them one transaction, if they can be."""

LOOK_AGAIN = timedelta(seconds=1)
"""When to look whether the last ones have been delivered."""


class Chunks(Protocol):
    """The broadcasts, for those who do their work."""

    def at(self, chunk: Chunk) -> Broadcast | None:
        """The broadcast with its listed people, if this is its next chunk and something to do."""

    def spread(self, progress: Progress, dispatch_by: datetime) -> bool:
        """Store a chunk's notifications and that it is done. False when it was done before."""

    def finish(self, broadcast: Broadcast, now: datetime, again_at: datetime) -> bool:
        """Note that it is finished, if none is queued any more; or else that it is due again."""

    def copies(self, broadcast: Broadcast, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` of its notifications that are not gone, those after the last chunk: id and
        person, by id.
        """

    def withdrawn(
        self, broadcast: Broadcast, last: str | None, due_at: datetime, left: str | None = None
    ) -> bool:
        """Note that those up to the id `last` are withdrawn; None is all of them.

        `left` is kept with the broadcast.
        """


@dataclass(frozen=True, slots=True)
class Progress:
    """What a chunk changes: these are stored, and of the broadcast nobody may be left.

    `due_at` is when the next one must have been done.
    """

    broadcast: Broadcast
    notifications: Sequence[Notification]
    total: int
    is_last: bool
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Parts:
    """What the work needs."""

    chunks: Chunks
    audiences: Audiences
    inboxes: Inboxes
    devices: Devices
    queue: Queue
    statistics: Statistics
    clock: Clock


def fan_out(messages: Iterable[Message], parts: Parts) -> None:
    """Do the chunks that these messages name, unless they were done before.

    Raises only when the store or, for what cannot be read, the queue is down.
    """
    for message in messages:
        try:
            chunk = Chunk.read(message)
        except Unreadable as error:
            dead = dead_with(message, DeadReason.UNREADABLE, error.detail, parts.clock())
            parts.queue.publish([dead])
        else:
            broadcast = parts.chunks.at(chunk)
            if broadcast:
                _go_on(broadcast, parts)


def _go_on(broadcast: Broadcast, parts: Parts) -> None:
    if broadcast.state is BroadcastState.WITHDRAWN:
        _withdraw(broadcast, parts)
    elif broadcast.is_spread:
        now = parts.clock()
        parts.chunks.finish(broadcast, now, now + LOOK_AGAIN)
    else:
        _spread(broadcast, parts)


def _spread(broadcast: Broadcast, parts: Parts) -> None:
    limit = _chunk_size(broadcast)
    now = parts.clock()
    # What has expired nobody would see any more.
    is_over = broadcast.expires_at is not None and broadcast.expires_at <= now
    people = () if is_over else _next_people(broadcast, limit, parts.audiences)
    total = broadcast.total if broadcast.total is not None else _size(broadcast, parts.audiences)
    is_last = len(people) < limit
    progress = Progress(
        broadcast,
        [copy_for(user_id, broadcast) for user_id in people],
        total=total,
        is_last=is_last,
        due_at=now + (LOOK_AGAIN if is_last else CHUNK_WITHIN),
    )
    if parts.chunks.spread(progress, now + DISPATCH_WITHIN):
        parts.statistics.count(now, accepted=len(people))
        then = Chunk(broadcast.id, broadcast.chunk + 1)
        _publish(progress.notifications, then, parts.queue, parts.clock())


def _chunk_size(broadcast: Broadcast) -> int:
    size = len(wire.dumps(wire.notification(copy_for("", broadcast))).encode())
    return max(LEAST_PEOPLE, min(CHUNK_PEOPLE, CHUNK_BYTES // size))


def _next_people(broadcast: Broadcast, limit: int, audiences: Audiences) -> Sequence[str]:
    if broadcast.to.kind is AudienceKind.USERS:
        return [id_ for id_ in broadcast.to.user_ids if id_ > broadcast.after][:limit]
    return audiences.next(broadcast, limit)


def _size(broadcast: Broadcast, audiences: Audiences) -> int:
    if broadcast.to.kind is AudienceKind.USERS:
        return len(broadcast.to.user_ids)
    return audiences.size(broadcast)


def _publish(
    notifications: Sequence[Notification], then: Chunk, queue: Queue, now: datetime
) -> None:
    """Have a chunk dispatched, and the next one prepared meanwhile.

    Each time another message brings the next chunk about, so that no shard is left far behind.
    """
    parts = list(_by_shard(notifications))
    bringing = then.number % len(parts) if parts else 0
    messages = [
        Message(name, body_of_many(ids, at=now, then=then if index == bringing else None))
        for index, (name, ids) in enumerate(parts)
    ]
    try:
        queue.publish(messages or [then.message()])
    except QueueUnavailable as error:
        # They are in the outbox, and so is the broadcast.
        log.warning("a chunk of broadcast %s waits for the sweep: %s", then.broadcast_id, error)


def _by_shard(notifications: Iterable[Notification]) -> Iterator[tuple[str, Sequence[str]]]:
    """The queue of each part of them, and the ids."""
    shards = defaultdict(list)
    for each in notifications:
        shards[delivery_queue(each.user_id)].append(each.id)
    for name, ids in shards.items():
        for start in range(0, len(ids), NAMED_TOGETHER):
            yield name, ids[start : start + NAMED_TOGETHER]


def _withdraw(broadcast: Broadcast, parts: Parts) -> None:
    """Take some copies back. Inboxes that are busy are passed over, and come back to in the end."""
    found = parts.chunks.copies(broadcast, WITHDRAWN_TOGETHER)
    done = _take_back(found, parts) if found else ()
    is_end = len(found) < WITHDRAWN_TOGETHER
    left = _left(broadcast, found, done)
    last, left = (left, None) if is_end else (found[-1][0], left)
    if not parts.chunks.withdrawn(broadcast, last, parts.clock() + CHUNK_WITHIN, left) or is_end:
        return  # what was left is the sweep's
    try:
        parts.queue.publish([Chunk(broadcast.id, broadcast.chunk + 1).message()])
    except QueueUnavailable as error:
        log.warning("broadcast %s waits for the sweep: %s", broadcast.id, error)


def _take_back(found: Sequence[tuple[str, str]], parts: Parts) -> Collection[str]:
    """Take these out of their inboxes and tell the devices; answers the ids of those it could."""
    ids = {user_id: [id_] for id_, user_id in found}
    try:
        done = change_each_and_tell(
            ids,
            Change(ChangeKind.WITHDRAW),
            inboxes=parts.inboxes,
            devices=parts.devices,
            clock=parts.clock,
        )
    except StoreUnavailable as error:  # nobody's could be changed
        log.warning("%d copies of a broadcast stay, for now: %s", len(found), error)
        return ()
    return {notification.id for each in done for notification in each.notifications}


def _left(
    broadcast: Broadcast, found: Sequence[tuple[str, str]], done: Collection[str]
) -> str | None:
    """The id before the first that was passed over, None without any."""
    if broadcast.left is not None:
        return broadcast.left
    ids = [id_ for id_, _ in found]
    before = zip([broadcast.after, *ids], ids, strict=False)
    return next((last for last, id_ in before if id_ not in done), None)
