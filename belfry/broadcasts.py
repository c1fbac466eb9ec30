"""Use cases of an administrator: send to many people at once, look how far it is, withdraw it.

A broadcast is stored as one document, which is its own outbox: it has a time by which its next
chunk must have been done, and the sweep publishes what is overdue. `belfry.fan_out` does the work.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from belfry.broadcast import AudienceKind, Broadcast, BroadcastState
from belfry.envelope import Chunk
from belfry.errors import FieldError, NotFound, QueueUnavailable, UnknownRecipient
from belfry.ports import Clock, Queue
from belfry.sending import check_times

if TYPE_CHECKING:
    from belfry.inputs.sending import NewBroadcast

log = logging.getLogger(__name__)

CHUNK_WITHIN = timedelta(seconds=15)
"""A chunk that is not done by then is published again by the sweep."""

SWEEP_LIMIT = 100
"""How many overdue broadcasts one sweep takes; the next one follows in seconds."""


class Broadcasts(Protocol):
    """The broadcasts, with how far they are. The listed people are in `get` only."""

    def add(self, broadcast: Broadcast, due_at: datetime) -> Broadcast:
        """Keep one, as safe as the outbox does. One whose id is kept already is left as it is.

        Answers the one that is kept.
        """

    def get(self, broadcast_id: str) -> Broadcast | None: ...

    def page(self, *, before: str | None, limit: int) -> Sequence[Broadcast]:
        """Up to `limit`, newest first, older than the id `before`."""

    def withdraw(self, broadcast: Broadcast, due_at: datetime) -> bool:
        """Let no chunk of it be done any more but those of withdrawing, the first of them due then.

        What `broadcast` says of delivered and failed ones stays. False when it has gone on since.
        """

    def claim(self, now: datetime, until: datetime) -> Chunk | None:
        """The next chunk of the longest overdue one, which is not overdue again until then."""


class Audiences(Protocol):
    """Who people are: those with an id, a topic's, everybody.

    Everybody are those who had an account before the broadcast.
    """

    def missing(self, user_ids: Collection[str]) -> Collection[str]:
        """Those of the ids that nobody has."""

    def size(self, broadcast: Broadcast) -> int:
        """How many a broadcast is for, to a topic or to everybody."""

    def next(self, broadcast: Broadcast, limit: int) -> Sequence[str]:
        """Up to `limit` of those, in the order of their ids, from where the last chunk ended."""


def send(
    new: NewBroadcast,
    *,
    id_: str,
    may_be_done: bool,
    audiences: Audiences,
    broadcasts: Broadcasts,
    queue: Queue,
    clock: Clock,
) -> Broadcast:
    """Store a broadcast and publish its first chunk, or leave that to the sweep at its time.

    With `may_be_done` the one that an earlier try stored is the answer, as far as it is by now.
    Raises InvalidInput for a time that is past, UnknownRecipient for people who do not exist.
    """
    if may_be_done and (kept := broadcasts.get(id_)):
        return kept  # what was not published is the sweep's by now
    now = clock()
    check_times(new.deliver_at, new.expires_at, now)
    audience = new.to.audience()
    if audience.kind is AudienceKind.USERS:
        _check_people(new.to.user_ids or (), audiences)
    later = new.deliver_at is not None
    broadcast = Broadcast(
        id=id_,
        to=audience,
        content=new.content(),
        created_at=now,
        state=BroadcastState.SCHEDULED if later else BroadcastState.RUNNING,
        deliver_at=new.deliver_at,
        expires_at=new.expires_at,
    )
    kept = broadcasts.add(broadcast, new.deliver_at or now + CHUNK_WITHIN)
    if not later:
        _publish(Chunk(id_, 0), queue)
    return kept


def _check_people(named: Sequence[str], audiences: Audiences) -> None:
    missing = audiences.missing(named)
    if missing:
        wrong = [index for index, user_id in enumerate(named) if user_id in missing]
        detail = "there is no person with this id"
        raise UnknownRecipient(
            f"{len(wrong)} of the people do not exist.",
            tuple(FieldError(f"/to/userIds/{index}", detail) for index in wrong),
        )


def get(broadcast_id: str, *, broadcasts: Broadcasts) -> Broadcast:
    """One broadcast. Raises NotFound."""
    broadcast = broadcasts.get(broadcast_id)
    if broadcast is None:
        raise NotFound("There is no broadcast with this id.")
    return broadcast


def page(
    *, limit: int, cursor: str | None, broadcasts: Broadcasts
) -> tuple[Sequence[Broadcast], str | None]:
    """Part of the list, newest first, and the cursor of the next page; None on the last."""
    found = broadcasts.page(before=cursor, limit=limit + 1)
    items = found[:limit]
    return items, items[-1].id if len(found) > limit else None


def withdraw(broadcast_id: str, *, broadcasts: Broadcasts, queue: Queue, clock: Clock) -> None:
    """Let it go to nobody any more, and have it taken out of the inboxes. Raises NotFound."""
    while True:
        broadcast = get(broadcast_id, broadcasts=broadcasts)
        if broadcast.state is BroadcastState.WITHDRAWN:
            return
        if broadcasts.withdraw(broadcast, clock() + CHUNK_WITHIN):
            _publish(Chunk(broadcast.id, broadcast.chunk + 1), queue)
            return


def publish_overdue(broadcasts: Broadcasts, queue: Queue, clock: Clock) -> int:
    """Publish the chunks that should have been done by now, after `may_sweep`; answers how many.

    A chunk that is published twice is done once. Raises StoreUnavailable.
    """
    published = 0
    try:
        while published < SWEEP_LIMIT and (chunk := _claimed(broadcasts, clock())):
            queue.publish([chunk.message()])
            published += 1
    except QueueUnavailable as error:
        log.warning("broadcasts wait for the queue: %s", error)
    return published


def _claimed(broadcasts: Broadcasts, now: datetime) -> Chunk | None:
    return broadcasts.claim(now, now + CHUNK_WITHIN)


def _publish(chunk: Chunk, queue: Queue) -> None:
    try:
        queue.publish([chunk.message()])
    except QueueUnavailable as error:
        log.warning("broadcast %s waits for the sweep: %s", chunk.broadcast_id, error)
