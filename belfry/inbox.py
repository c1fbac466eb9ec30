"""Use cases of the person who owns the inbox: list, look at, change, catch up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from belfry import wire
from belfry.changes import Change, ChangeKind
from belfry.delivery import tell
from belfry.errors import NotFound
from belfry.model import InboxEvent, Notification, Position
from belfry.ports import Changed, Clock, Connections, Counts, Inboxes, Notifications, Pusher
from belfry.sending import check_future
from belfry.views import View, order_of

PAGE_BYTES = 3 * 1024 * 1024 // 2
"""About how much one page carries: Lambda takes 6 MB, and text may grow threefold on the way."""

ALWAYS_FITTING = 40
"""So many notifications fit a page however large they are."""

CHANGING_FOR = timedelta(seconds=4)
"""How long one call changes what a view shows; the caller calls again for the rest."""

LOOKING_EVERY = 0.25
"""Seconds between two looks of somebody who waits for events."""

SYNC_GROUP = 16
"""Events whose contents are loaded at a time."""

SYNC_BYTES = 96 * 1024
"""About how much one `sync` frame carries; Amazon API Gateway takes 128 KiB."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an inbox, in the order of its view. `next_cursor` is None on the last page."""

    items: Sequence[Notification]
    next_cursor: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened since a client's position; `events` is None when too much did."""

    position: Position
    events: Sequence[InboxEvent] | None
    contents: Mapping[str, Notification] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did: to how many, and where the inbox is then.

    `next_cursor` is where a view goes on, None when all of it is done.
    """

    changed: int
    position: Position
    next_cursor: str | None = None


def page(
    user_id: str,
    view: View,
    *,
    limit: int,
    cursor: str | None,
    notifications: Notifications,
    inboxes: Inboxes,
) -> Page:
    """One page of the inbox. A cursor is the order of the last notification on the page before."""
    found = notifications.page(user_id, view, before=cursor, limit=limit + 1)
    items = found[:limit] if limit <= ALWAYS_FITTING else _within(PAGE_BYTES, found[:limit])
    more = len(found) > len(items)
    return Page(
        items=items,
        next_cursor=order_of(items[-1]) if more else None,
        unread=inboxes.position(user_id).unread,
    )


def get(user_id: str, notification_id: str, *, notifications: Notifications) -> Notification:
    """One notification. Raises NotFound, also when it is somebody else's."""
    notification = notifications.get(user_id, notification_id)
    if notification is None:
        raise _not_yours()
    return notification


def change(
    user_id: str,
    which: Sequence[str] | View,
    change: Change,
    *,
    cursor: str | None = None,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
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
            connections=connections,
            pusher=pusher,
            clock=clock,
        )
        if done is None:
            raise _not_yours()
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
    connections: Connections,
    pusher: Pusher,
    clock: Clock,
) -> Notification:
    """Mark one as read or unread, and tell every device. Raises NotFound."""
    done = change_and_tell(
        user_id,
        [notification_id],
        Change(ChangeKind.READ if read else ChangeKind.UNREAD),
        inboxes=inboxes,
        connections=connections,
        pusher=pusher,
        clock=clock,
    )
    if done is None:
        raise _not_yours()
    return done.notifications[0]


def change_and_tell(
    user_id: str,
    which: Sequence[str] | View,
    change: Change,
    *,
    before: str | None = None,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
    clock: Clock,
) -> Changed | None:
    """Do what `Inboxes.change` does, and tell every open device of its event."""
    done = inboxes.change(user_id, which, change, clock(), before=before)
    if done and done.event:
        tell(done.event, done.notifications, connections=connections, pusher=pusher, clock=clock)
    return done


def _not_yet(kind: ChangeKind, view: View) -> View:
    """Leave out what is so already: of a large inbox most of it may be."""
    if kind is ChangeKind.READ and view.read is None:
        return replace(view, read=False)
    if kind is ChangeKind.UNREAD and view.read is None:
        return replace(view, read=True)
    return view


def count(
    user_id: str, views: Sequence[View], *, counts: Counts, inboxes: Inboxes
) -> tuple[Sequence[int], Position]:
    """How many each view shows, and where the inbox is."""
    position = inboxes.position(user_id)
    return counts.of(user_id, views), position


def wait_for_events(
    user_id: str,
    since: int,
    *,
    seconds: float,
    inboxes: Inboxes,
    notifications: Notifications,
    clock: Clock,
    pause: Callable[[float], None],
) -> Missed:
    """The events after `since`, as soon as there are some, or none after so many seconds."""
    end = clock() + timedelta(seconds=seconds)
    while inboxes.position(user_id).seq == since and clock() < end:
        pause(LOOKING_EVERY)
    return catch_up(user_id, since, inboxes=inboxes, notifications=notifications)


def catch_up(user_id: str, since: int, *, inboxes: Inboxes, notifications: Notifications) -> Missed:
    """The events after `since`, as many as fit one frame, with their contents."""
    position, events = inboxes.missed(user_id, since)
    if events is None:
        return Missed(position, None)
    contents: dict[str, Notification] = {}
    fitting: list[InboxEvent] = []
    size = 0
    for start in range(0, len(events), SYNC_GROUP):
        group = events[start : start + SYNC_GROUP]
        carried = [id_ for event in group if event.carries_contents for id_ in event.ids]
        contents |= notifications.by_ids(carried) if carried else {}
        for event in group:
            size += len(wire.dumps(wire.fitting_event(event, contents)).encode())
            if size > SYNC_BYTES and fitting:
                reached = Position(fitting[-1].seq, fitting[-1].unread)
                return Missed(reached, fitting, contents, more=True)
            fitting.append(event)
    return Missed(position, fitting, contents)


def _within(most: int, items: Sequence[Notification]) -> Sequence[Notification]:
    """As many of the items, one at least, as have this many bytes together."""
    size = 0
    for index, item in enumerate(items):
        size += len(wire.dumps(wire.notification(item)).encode())
        if size > most and index:
            return items[:index]
    return items


def _not_yours() -> NotFound:
    return NotFound("There is no notification with this id in your inbox.")
