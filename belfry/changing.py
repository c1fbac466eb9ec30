"""Use cases of the person who owns the inbox: change what is in it, on every device."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from belfry.changes import Change, ChangeKind
from belfry.devices import Devices
from belfry.inbox import not_yours
from belfry.model import Notification, Position
from belfry.ports import Arrival, Changed, Clock, Inboxes
from belfry.sending import check_future
from belfry.views import View

CHANGING_FOR = timedelta(seconds=4)
"""How long one call changes what a view shows; the caller calls again for the rest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did: to how many, and where the inbox is then.

    `next_cursor` is where a view goes on, None when all of it is done.
    """

    changed: int
    position: Position
    next_cursor: str | None = None


def change(
    user_id: str,
    which: Sequence[str] | View,
    change: Change,
    *,
    cursor: str | None = None,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Outcome:
    """Change what a person has, and tell every device.

    Ids that are not this person's are left out; raises NotFound when none is. All that a view
    shows, from the cursor on, is changed part by part, each atomic, for CHANGING_FOR.
    Raises InvalidInput for a snooze that ends in the past, or is too long.
    """
    now = clock()
    if change.until is not None:
        check_future("/until", change.until, now)
    if isinstance(which, View):
        which = _not_yet(change.kind, which)
    count, rest, position = 0, cursor, None
    while True:
        done = change_and_tell(
            user_id,
            which,
            change,
            before=rest,
            inboxes=inboxes,
            devices=devices,
            clock=clock,
        )
        if done is None:
            raise not_yours()
        count, rest = count + done.count, done.rest
        if done.event:
            position = Position(done.event.seq, done.event.unread)
        if rest is None or clock() - now > CHANGING_FOR:
            break
    return Outcome(count, position or inboxes.position(user_id), rest)


def mark(
    user_id: str,
    notification_id: str,
    *,
    read: bool,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Notification:
    """Mark one as read or unread, and tell every device. Raises NotFound."""
    done = change_and_tell(
        user_id,
        [notification_id],
        Change(ChangeKind.READ if read else ChangeKind.UNREAD),
        inboxes=inboxes,
        devices=devices,
        clock=clock,
    )
    if done is None:
        raise not_yours()
    return done.notifications[0]


def change_and_tell(
    user_id: str,
    which: Sequence[str] | View,
    change: Change,
    *,
    before: str | None = None,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Changed | None:
    """Do what `Inboxes.change` does, and tell every open device of its event."""
    done = inboxes.change(user_id, which, change, clock(), before=before)
    if done and done.event:
        devices.tell([Arrival(done.event, done.notifications)])
    return done


def change_each_and_tell(
    ids: Mapping[str, Collection[str]],
    change: Change,
    *,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> Sequence[Changed]:
    """Do what `Inboxes.change_each` does, and tell all open devices of those people."""
    done = inboxes.change_each(ids, change, clock())
    devices.tell([Arrival(each.event, each.notifications) for each in done if each.event])
    return done


def _not_yet(kind: ChangeKind, view: View) -> View:
    """Leave out what is so already: of a large inbox most of it may be."""
    if kind is ChangeKind.READ and view.read is None:
        return replace(view, read=False)
    if kind is ChangeKind.UNREAD and view.read is None:
        return replace(view, read=True)
    return view
