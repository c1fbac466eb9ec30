"""Use case: accept a notification, so that it cannot be lost any more, and hand it to the queue."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from belfry.errors import FieldError, QueueUnavailable, UnknownRecipient
from belfry.model import Notification, new_id
from belfry.ports import Clock, Message, Outbox, Queue, Recipients
from belfry.topology import delivery_queue

if TYPE_CHECKING:
    from belfry.inputs import NewNotification

log = logging.getLogger(__name__)

DISPATCH_WITHIN = timedelta(seconds=15)
"""What is not dispatched by then is published again by the sweep."""

SWEEP_AGAIN_AFTER = timedelta(minutes=1)
"""Longer than the first time: what only waits in a long queue is not to multiply there."""

SWEEP_LIMIT = 1000
"""How many overdue notifications one sweep takes at a time."""


def accept(
    new: NewNotification, *, recipients: Recipients, outbox: Outbox, queue: Queue, clock: Clock
) -> Notification:
    """Store a notification and publish its id. The stored document is the outbox.

    Raises UnknownRecipient. A queue that is down is no error: the sweep publishes it later.
    """
    if not recipients.exists(new.user_id):
        unknown = FieldError("/userId", "there is no person with this id")
        raise UnknownRecipient("There is no person with this id.", (unknown,))
    now = clock()
    notification = Notification(
        id=new_id(),
        user_id=new.user_id,
        message=new.message,
        created_at=now,
        title=new.title,
        category=new.category,
        priority=new.priority,
        link=new.link,
        data=new.data,
    )
    outbox.add(notification, dispatch_by=now + DISPATCH_WITHIN)
    try:
        queue.publish([delivery_message(notification)])
    except QueueUnavailable as error:
        log.warning("notification %s waits for the sweep: %s", notification.id, error)
    return notification


def sweep(*, outbox: Outbox, queue: Queue, clock: Clock) -> int:
    """Publish what is overdue; answers how many. Safe when several run at once.

    With the queue down everything is still there for the next time. Raises StoreUnavailable.
    """
    published = 0
    while overdue := outbox.overdue(clock(), SWEEP_LIMIT):
        try:
            queue.publish([delivery_message(notification) for notification in overdue])
        except QueueUnavailable as error:
            log.warning("%d overdue notifications wait for the queue: %s", len(overdue), error)
            break
        # Published before postponed: a crash between the two publishes twice, which is harmless.
        outbox.postpone(_ids(overdue), until=clock() + SWEEP_AGAIN_AFTER)
        published += len(overdue)
    return published


def delivery_message(notification: Notification) -> Message:
    """What the dispatcher is told: an id, not the content, so that the store stays the truth."""
    body = json.dumps({"notificationId": notification.id}).encode()
    return Message(queue=delivery_queue(notification.user_id), body=body)


def _ids(notifications: Iterable[Notification]) -> list[str]:
    return [notification.id for notification in notifications]
