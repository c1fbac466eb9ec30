"""Use cases of who has sent something: replace it, withdraw it, see what is to come."""

from __future__ import annotations

from collections.abc import Sequence

from belfry.changes import Change, ChangeKind, Content
from belfry.changing import change_and_tell
from belfry.devices import Devices
from belfry.errors import NotFound
from belfry.model import Notification
from belfry.ports import Clock, Inboxes, Notifications, Scheduled
from belfry.views import order_of


def replace(
    notification_id: str,
    content: Content,
    *,
    notifications: Notifications,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Notification:
    """Let a notification say something else, on every device. Raises NotFound."""
    change = Change(ChangeKind.REPLACE, content=content)
    return _change(
        notification_id,
        change,
        notifications=notifications,
        inboxes=inboxes,
        devices=devices,
        clock=clock,
    )


def withdraw(
    notification_id: str,
    *,
    notifications: Notifications,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> None:
    """Take a notification out of its inbox, or, before it arrived, off its way. Raises NotFound."""
    _change(
        notification_id,
        Change(ChangeKind.WITHDRAW),
        notifications=notifications,
        inboxes=inboxes,
        devices=devices,
        clock=clock,
    )


def _change(
    notification_id: str,
    change: Change,
    *,
    notifications: Notifications,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Notification:
    found = notifications.by_ids([notification_id]).get(notification_id)
    done = found and change_and_tell(
        found.user_id,
        [notification_id],
        change,
        inboxes=inboxes,
        devices=devices,
        clock=clock,
    )
    if not done:
        raise NotFound("There is no notification with this id.")
    return done.notifications[0]


def to_come(
    *, limit: int, cursor: str | None, scheduled: Scheduled, clock: Clock
) -> tuple[Sequence[Notification], str | None]:
    """What is to be delivered later, soonest first, and the cursor of the next page."""
    found = scheduled.page(clock(), after=cursor, limit=limit + 1)
    items = found[:limit]
    return items, order_of(items[-1]) if len(found) > limit else None
