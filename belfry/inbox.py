"""Use cases of the person who owns the inbox: list, look at, count, catch up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from belfry import wire
from belfry.errors import NotFound
from belfry.model import InboxEvent, Notification, Position
from belfry.ports import Clock, Counts, Inboxes, Notifications
from belfry.views import View, order_of

PAGE_BYTES = 3 * 1024 * 1024 // 2
"""About how much one page carries: Lambda takes 6 MB, and text may grow threefold on the way."""

ALWAYS_FITTING = 40
"""So many notifications fit a page however large they are."""

LOOKING_EVERY = 0.25
"""Seconds between two looks of somebody who waits for events."""

EAGER_FOR = timedelta(seconds=3)
"""After so long without an event the looks come half as often."""

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
        raise not_yours()
    return notification


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
    began = clock()
    end = began + timedelta(seconds=seconds)
    while inboxes.position(user_id).seq == since and clock() < end:
        pause(LOOKING_EVERY if clock() < began + EAGER_FOR else 2 * LOOKING_EVERY)
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


def not_yours() -> NotFound:
    """The error for an id that is in somebody else's inbox, or in none."""
    return NotFound("There is no notification with this id in your inbox.")
