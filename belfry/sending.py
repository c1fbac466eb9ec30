"""Use case: accept a notification, so that it cannot be lost any more, and hand it to the queue."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from belfry import envelope
from belfry.errors import FieldError, InvalidInput, QueueUnavailable, UnknownRecipient
from belfry.history import QueuedBy
from belfry.model import Notification
from belfry.ports import Claimed, Clock, Message, Notifications, Outbox, Queue, Recipients
from belfry.topology import delivery_queue

if TYPE_CHECKING:
    from belfry.inputs.sending import NewNotification

log = logging.getLogger(__name__)

DISPATCH_WITHIN = timedelta(seconds=15)
"""What is not dispatched by then is published again by the sweep."""

SWEEP_AGAIN_AFTER = timedelta(minutes=1)
"""Longer than the first time: what only waits in a long queue is not to multiply there."""

FURTHEST = timedelta(days=366)
"""How far ahead something may be planned."""

SWEEP_LEASE = timedelta(seconds=10)
"""How long what a sweep has claimed is its own to publish; then another one may."""

SWEEP_LIMIT = 1000
"""How many overdue notifications one sweep takes at a time."""


def accept(
    new: NewNotification,
    *,
    id_: str,
    may_be_done: bool,
    recipients: Recipients,
    notifications: Notifications,
    outbox: Outbox,
    queue: Queue,
    clock: Clock,
) -> Notification:
    """Store a notification and publish its id. The stored document is the outbox.

    One with a `deliver_at` waits there until then: the sweep publishes it. With `may_be_done` the
    one that an earlier try stored is the answer, whatever time it is by now. Raises
    UnknownRecipient, and InvalidInput for a time that is past. A queue that is down is no error:
    the sweep publishes it later.
    """
    notification = notifications.by_ids([id_]).get(id_) if may_be_done else None
    if notification is None:
        now = clock()
        check_times(new.deliver_at, new.expires_at, now)
        if not recipients.exists(new.user_id):
            unknown = FieldError("/userId", "there is no person with this id")
            raise UnknownRecipient("There is no person with this id.", (unknown,))
        asked = Notification(
            id=id_,
            user_id=new.user_id,
            created_at=now,
            deliver_at=new.deliver_at,
            expires_at=new.expires_at,
            **new.content().fields,
        )
        notification = outbox.add(asked, dispatch_by=new.deliver_at or now + DISPATCH_WITHIN)
    if notification.deliver_at is None:
        try:
            queue.publish([delivery_message(notification, by=QueuedBy.API, at=clock())])
        except QueueUnavailable as error:
            log.warning("notification %s waits for the sweep: %s", notification.id, error)
    return notification


def check_times(deliver_at: datetime | None, expires_at: datetime | None, now: datetime) -> None:
    """Raise InvalidInput unless both are in the future, and in this order."""
    for pointer, moment in (("/deliverAt", deliver_at), ("/expiresAt", expires_at)):
        if moment is not None:
            check_future(pointer, moment, now)
    if deliver_at and expires_at and expires_at <= deliver_at:
        raise InvalidInput.field("/expiresAt", "must be after deliverAt")


def check_future(pointer: str, moment: datetime, now: datetime) -> None:
    """Raise InvalidInput for a time that is past, or too far away to be meant."""
    if not now < moment <= now + FURTHEST:
        raise InvalidInput.field(pointer, f"must be in the future, within {FURTHEST.days} days")


def may_sweep(queue: Queue) -> bool:
    """Whether the queue answers. Ask before anything is claimed: it would wait for its lease."""
    try:
        queue.check()
    except QueueUnavailable as error:
        log.warning("the sweep waits for the queue: %s", error)
        return False
    return True


def sweep(*, outbox: Outbox, queue: Queue, clock: Clock) -> int:
    """Publish what is overdue, after `may_sweep`; answers how many.

    Of several that run at once each publishes others, and one that finds all of it claimed leaves
    the work to the others. What was claimed and not published, because of a crash or a queue that
    went away meanwhile, is the next sweep's when the lease has run out. Raises StoreUnavailable.
    """
    published = 0
    while claimed := outbox.claim(now := clock(), now + SWEEP_LEASE, SWEEP_LIMIT):
        taken = _publish(claimed, queue, clock())
        # Published before postponed: a crash between the two publishes twice, which is harmless.
        outbox.postpone([each.id for each in taken], until=clock() + SWEEP_AGAIN_AFTER)
        published += len(taken)
        if len(taken) < len(claimed):
            break
    return published


def _publish(claimed: Sequence[Claimed], queue: Queue, now: datetime) -> list[Claimed]:
    """Publish shard by shard: one that is away holds up no other. Answers what was taken."""
    shards = defaultdict(list)
    for each in claimed:
        shards[delivery_queue(each.user_id)].append(each)
    taken: list[Claimed] = []
    for name, theirs in shards.items():
        try:
            queue.publish([delivery_message(each, by=QueuedBy.SWEEP, at=now) for each in theirs])
        except QueueUnavailable as error:
            log.warning("%d overdue wait for the queue %s: %s", len(theirs), name, error)
        else:
            taken += theirs
    return taken


def delivery_message(
    notification: Notification | Claimed, *, by: QueuedBy, at: datetime
) -> Message:
    """The message that has a notification dispatched, in the queue of its person's shard."""
    body = envelope.body_of(notification.id, by=by, at=at)
    return Message(queue=delivery_queue(notification.user_id), body=body)
