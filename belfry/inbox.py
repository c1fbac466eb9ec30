"""Use cases of the person who owns the inbox: list, look at, mark, catch up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from belfry import wire
from belfry.errors import NotFound
from belfry.model import EventKind, InboxEvent, Notification, Position
from belfry.ports import Clock, Inboxes, Notifications

PAGE_BYTES = 3 * 1024 * 1024 // 2
"""About how much one page carries: Lambda takes 6 MB, and text may grow threefold on the way."""

ALWAYS_FITTING = 40
"""So many notifications fit a page however large they are."""

SYNC_GROUP = 16
"""Events whose contents are loaded at a time."""

SYNC_BYTES = 96 * 1024
"""About how much one `sync` frame carries; Amazon API Gateway takes 128 KiB."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an inbox, newest first. `next_cursor` is None on the last page."""

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
    *,
    limit: int,
    cursor: str | None,
    unread: bool | None,
    notifications: Notifications,
    inboxes: Inboxes,
) -> Page:
    """One page of the inbox. A cursor is the id of the last notification on the page before."""
    read = None if unread is None else not unread
    found = notifications.page(user_id, before=cursor, limit=limit + 1, read=read)
    items = found[:limit] if limit <= ALWAYS_FITTING else _within(PAGE_BYTES, found[:limit])
    more = len(found) > len(items)
    return Page(
        items=items,
        next_cursor=items[-1].id if more else None,
        unread=inboxes.position(user_id).unread,
    )


def get(user_id: str, notification_id: str, *, notifications: Notifications) -> Notification:
    """One notification. Raises NotFound, also when it is somebody else's."""
    notification = notifications.get(user_id, notification_id)
    if notification is None:
        raise _not_yours()
    return notification


def mark(
    user_id: str, notification_id: str, *, read: bool, inboxes: Inboxes, clock: Clock
) -> tuple[Notification, InboxEvent | None]:
    """Mark as read or unread; the event is None when nothing changed. Raises NotFound."""
    marked = inboxes.mark(user_id, notification_id, read=read, now=clock())
    if marked is None:
        raise _not_yours()
    return marked


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
        arrived = [id_ for e in group if e.kind is EventKind.NOTIFICATION for id_ in e.ids]
        contents |= notifications.by_ids(arrived) if arrived else {}
        for event in group:
            size += len(wire.dumps(wire.event(event, contents)).encode())
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
