"""The numbered streams in MongoDB: one document per person.

    {_id: person, seq: 57, unread: 4, counts: {inbox_u_3: 4, …}, events: [{kind, ids, at, …}, …]}

`events` are the last KEPT ones, and `seq` is the number of the last of them: the others count back
from it, so that appending takes no more than adding.

A change of the stream and the change of the notifications that it tells of are one transaction: a
crash between the two could otherwise give a notification two numbers, or count one wrongly for
ever. It costs no more than two journaled writes, because only the commit waits for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pymongo
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure, PyMongoError

from belfry.adapters.mongo.database import Database, Document
from belfry.adapters.mongo.views import Counted
from belfry.model import EventKind, InboxEvent, Position

T = TypeVar("T")

SHORT = 20
"""A transaction about so many is short enough to win against others in the end."""

KEPT = 128
"""How many events a client may have missed and still catch up without reloading."""


class Streams:
    """Adds events to people's streams, within a transaction of whoever changes what they tell of.

    Every change of an inbox goes through its one document, so of two that touch the same inbox at
    once MongoDB lets one go first, and the driver tries the other again.
    """

    def __init__(self, database: Database) -> None:
        self._client = database.client
        self._inboxes = database.inboxes
        self._categories = database.categories

    def transaction(self, change: Callable[[ClientSession], T]) -> T:
        """Do all of it or nothing, and again when two collide, within the time of one operation."""
        # Without this limit around it the driver tries for two minutes, whatever its settings.
        limit = pymongo.timeout(self._client.options.timeout)
        with limit, self._client.start_session() as session:
            return session.with_transaction(change)

    def in_parts(
        self, keys: Sequence[str], change: Callable[[Sequence[str], ClientSession], T]
    ) -> tuple[list[T], list[Exception]]:
        """Do it for all of these in one transaction, or, when that collides with others, in halves.

        A long transaction loses against many short ones, again and again: somebody who is busy in
        one inbox must not hold up all the others. Answers what was done, and why the rest was not.
        """
        run = self.transaction if len(keys) <= SHORT else self._once
        try:
            return [run(lambda session: change(keys, session))], []
        except Exception as error:
            if len(keys) == 1 or not _is_of_some(error):
                return [], [error]
        middle = len(keys) // 2
        halves = (self.in_parts(half, change) for half in (keys[:middle], keys[middle:]))
        (done, errors), (more_done, more_errors) = halves
        return done + more_done, errors + more_errors

    def _once(self, change: Callable[[ClientSession], T]) -> T:
        limit = pymongo.timeout(self._client.options.timeout)
        with limit, self._client.start_session() as session, session.start_transaction():
            return change(session)

    def add(
        self, events: Mapping[str, Sequence[Document]], counted: Counted, session: ClientSession
    ) -> Sequence[InboxEvent]:
        """Append to each person's stream, and count; answers the events with their numbers."""
        added = self._add(events, counted, session)
        changes = [
            UpdateOne(
                {"_id": f"{user_id}/{category}"}, {"$inc": {f"counts.{key}": by}}, upsert=True
            )
            for (user_id, category, key), by in counted.items()
            if category is not None
        ]
        if changes:
            self._categories.bulk_write(changes, ordered=False, session=session)
        return added

    def _add(
        self, events: Mapping[str, Sequence[Document]], counted: Counted, session: ClientSession
    ) -> Sequence[InboxEvent]:
        totals: dict[str, Document] = {user_id: {} for user_id in events}
        for (user_id, category, key), by in counted.items():
            if category is None:
                totals[user_id][f"counts.{key}"] = by
        changes = {user_id: _appending(own, totals[user_id]) for user_id, own in events.items()}
        inboxes = self._apply(changes, session)
        return [event for inbox in inboxes for event in _numbered(inbox, events[inbox["_id"]])]

    def _apply(self, changes: Mapping[str, Document], session: ClientSession) -> Iterable[Document]:
        """Make each person's change; answers where the streams are then."""
        if len(changes) == 1:
            # In one round trip: the way of a single notification.
            [(user_id, change)] = changes.items()
            inbox = self._inboxes.find_one_and_update(
                {"_id": user_id},
                change,
                projection=_POSITION,
                upsert=True,
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            return [inbox] if inbox else []
        updates = [UpdateOne({"_id": id_}, change, upsert=True) for id_, change in changes.items()]
        self._inboxes.bulk_write(updates, ordered=False, session=session)
        return self._inboxes.find({"_id": {"$in": list(changes)}}, _POSITION, session=session)


_POSITION = {"seq": True, "unread": True}


def _is_of_some(error: Exception) -> bool:
    """Whether it may be about some of many inboxes, not about the database as a whole."""
    if not isinstance(error, PyMongoError):
        return True
    return isinstance(error, OperationFailure) and not error.timeout


def event(
    kind: EventKind,
    ids: Sequence[str],
    unread_change: int,
    now: datetime,
    until: datetime | None = None,
) -> Document:
    """An event that has no number yet."""
    known = {"kind": kind.value, "ids": list(ids), "at": now, "unread_change": unread_change}
    return known | ({"until": until} if until else {})


def events_of(inbox: Document | None) -> list[InboxEvent]:
    """The events that a person's document holds, or as many of the last as were asked for."""
    return _numbered(inbox, inbox.get("events", ())) if inbox else []


def position_of(inbox: Document | None) -> Position:
    """How far a person's stream has come."""
    return Position(inbox["seq"], inbox["unread"]) if inbox else Position()


def last_events(most: Any) -> Document:
    """The projection of up to so many of the last events, and one at least; may be computed."""
    count = {"$max": [1, {"$min": [KEPT, most]}]}
    return {"$slice": [{"$ifNull": ["$events", []]}, {"$multiply": [-1, count]}]}


def _appending(events: Sequence[Document], counts: Mapping[str, int]) -> Document:
    """The update that appends events. What they are numbered is where the stream is then."""
    unread = sum(each["unread_change"] for each in events)
    return {
        "$inc": {"seq": len(events), "unread": unread, **counts},
        "$push": {"events": {"$each": list(events), "$slice": -KEPT}},
    }


def _numbered(inbox: Document, events: Sequence[Document]) -> list[InboxEvent]:
    """The last events of a stream with their numbers: there are no gaps, so counting back tells."""
    seq, unread = inbox["seq"], inbox["unread"]
    numbered = []
    for each in reversed(events):
        numbered.append(
            InboxEvent(
                user_id=inbox["_id"],
                seq=seq,
                kind=EventKind(each["kind"]),
                ids=tuple(each["ids"]),
                unread=unread,
                at=each["at"],
                until=each.get("until"),
            )
        )
        seq, unread = seq - 1, unread - each["unread_change"]
    return numbered[::-1]
