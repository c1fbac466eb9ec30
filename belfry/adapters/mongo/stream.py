"""The numbered streams in MongoDB: one document per person.

    {_id: person, seq: 57, unread: 4, counts: {inbox_u_3: 4, …}, events: [{seq, kind, ids, …}, …]}

`events` are the last KEPT ones. A change of the stream and the change of the notifications that it
tells of are one transaction: a crash between the two could otherwise give a notification two
numbers, or count one wrongly for ever. It costs no more than two journaled writes, because only
the commit waits for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import pymongo
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession

from belfry.adapters.mongo.database import Database, Document
from belfry.adapters.mongo.views import Counted
from belfry.model import EventKind, InboxEvent, Position

T = TypeVar("T")

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
                totals[user_id][key] = by
        if len(events) == 1:
            [(user_id, own)] = events.items()
            return self._add_one(user_id, own, totals[user_id], session)
        changes = [
            UpdateOne({"_id": user_id}, _appending(own, totals[user_id]), upsert=True)
            for user_id, own in events.items()
        ]
        self._inboxes.bulk_write(changes, ordered=False, session=session)
        longest = max(map(len, events.values()))
        inboxes = self._inboxes.find(
            {"_id": {"$in": list(events)}}, {"events": {"$slice": -longest}}, session=session
        )
        return [e for inbox in inboxes for e in events_of(inbox)[-len(events[inbox["_id"]]) :]]

    def _add_one(
        self, user_id: str, events: Sequence[Document], counts: Document, session: ClientSession
    ) -> Sequence[InboxEvent]:
        """The same for one person, in one round trip: the way of a single notification."""
        inbox = self._inboxes.find_one_and_update(
            {"_id": user_id},
            _appending(events, counts),
            projection={"events": {"$slice": -len(events)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return events_of(inbox)


def event(
    kind: EventKind,
    ids: Sequence[str],
    unread_change: int,
    now: datetime,
    until: datetime | None = None,
) -> Document:
    """An event that has no number yet."""
    own = {"kind": kind.value, "ids": list(ids), "at": now} | ({"until": until} if until else {})
    return {"own": own, "unread_change": unread_change}


def events_of(inbox: Document | None) -> list[InboxEvent]:
    """The events that a person's document holds, or as many as were asked for."""
    if inbox is None:
        return []
    return [
        InboxEvent(
            user_id=inbox["_id"],
            seq=each["seq"],
            kind=EventKind(each["kind"]),
            ids=tuple(each["ids"]),
            unread=each["unread"],
            at=each["at"],
            until=each.get("until"),
        )
        for each in inbox["events"]
    ]


def position_of(inbox: Document | None) -> Position:
    """How far a person's stream has come."""
    return Position(inbox["seq"], inbox["unread"]) if inbox else Position()


def _appending(events: Sequence[Document], counts: Mapping[str, int]) -> list[Document]:
    """The pipeline that gives each event the next number and the count after it."""
    stages: list[Document] = (
        [{"$set": {f"counts.{key}": _plus(f"$counts.{key}", by) for key, by in counts.items()}}]
        if counts
        else []
    )
    for each in events:
        own = {name: {"$literal": value} for name, value in each["own"].items()}
        numbered = [{"seq": "$seq", "unread": "$unread", **own}]
        kept = {"$concatArrays": [{"$ifNull": ["$events", []]}, numbered]}
        stages += [
            {"$set": {"seq": _plus("$seq", 1), "unread": _plus("$unread", each["unread_change"])}},
            {"$set": {"events": {"$slice": [kept, -KEPT]}}},
        ]
    return stages


def _plus(field: str, by: int) -> Document:
    return {"$add": [{"$ifNull": [field, 0]}, by]}
