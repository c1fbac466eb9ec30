"""The numbered streams in MongoDB: one document per person.

    {_id: person, seq: 57, unread: 4, events: [{seq, kind, ids, unread, at}, …]}

`events` are the last KEPT ones. A change of the stream and the change of the notification that it
tells of are one transaction: a crash between the two could otherwise give a notification two
numbers, or count one wrongly for ever. It costs no more than two journaled writes, because only
the commit waits for the disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pymongo
from pymongo import ReturnDocument, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession

from belfry import wire
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.notifications import from_document
from belfry.model import DeliveryState, EventKind, InboxEvent, Notification, Position
from belfry.ports import Arrival

T = TypeVar("T")

_QUEUED = DeliveryState.QUEUED.value

KEPT = 128
"""How many events a client may have missed and still catch up without reloading."""

ARRIVAL_BYTES = 96 * 1024
"""About how much one arrival carries; a frame of Amazon API Gateway has at most 128 KiB."""


class MongoInboxes:
    """Appends and marks, each one transaction, retried by the driver when two collide."""

    def __init__(self, database: Database) -> None:
        self._client = database.client
        self._inboxes = database.inboxes
        self._notifications = database.notifications

    @translated
    def append(
        self, notification_ids: Sequence[str], now: datetime
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        if not notification_ids:
            return [], set()
        return self._transaction(lambda session: self._append(notification_ids, now, session))

    def _append(
        self, ids: Sequence[str], now: datetime, session: ClientSession
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        found = self._notifications.find({"_id": {"$in": list(set(ids))}}, session=session)
        documents = {document["_id"]: document for document in sorted(found, key=_by_id)}
        unknown = set(ids) - set(documents)
        fresh = [document for document in documents.values() if "seq" not in document]
        # Numbered by an earlier call whose devices may not have been told.
        again = [d for d in documents.values() if "seq" in d and d["state"] == _QUEUED]
        events = [*self._kept_events(again, session), *self._number(fresh, now, session)]
        return self._whole(events, documents, session), unknown

    def _number(
        self, documents: Sequence[Document], now: datetime, session: ClientSession
    ) -> Sequence[InboxEvent]:
        """Add the events of an arrival, and write their numbers into the notifications."""
        if not documents:
            return []
        groups = _group(documents)
        events = self._add_events(
            {who: _events(each, now) for who, each in groups.items()}, session
        )
        self._notifications.bulk_write(
            [UpdateMany({"_id": {"$in": e.ids}}, {"$set": {"seq": e.seq}}) for e in events],
            ordered=False,
            session=session,
        )
        return events

    def _add_events(
        self, events: Mapping[str, Sequence[Document]], session: ClientSession
    ) -> Sequence[InboxEvent]:
        """Append to each person's stream; answers the events with their numbers."""
        if len(events) == 1:
            [(user_id, own)] = events.items()
            return self._add_own_events(user_id, own, session)
        changes = [
            UpdateOne({"_id": user_id}, _appending(own), upsert=True)
            for user_id, own in events.items()
        ]
        self._inboxes.bulk_write(changes, ordered=False, session=session)
        longest = max(map(len, events.values()))
        inboxes = self._inboxes.find(
            {"_id": {"$in": list(events)}}, {"events": {"$slice": -longest}}, session=session
        )
        return [e for inbox in inboxes for e in _from(inbox)[-len(events[inbox["_id"]]) :]]

    def _add_own_events(
        self, user_id: str, events: Sequence[Document], session: ClientSession
    ) -> Sequence[InboxEvent]:
        """The same for one person, in one round trip: the way of a single notification."""
        inbox = self._inboxes.find_one_and_update(
            {"_id": user_id},
            _appending(events),
            projection={"events": {"$slice": -len(events)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return _from(inbox)

    def _kept_events(
        self, documents: Sequence[Document], session: ClientSession
    ) -> Sequence[InboxEvent]:
        """The events by which these arrived, as far as they are kept."""
        if not documents:
            return []
        people = list({document["user_id"] for document in documents})
        numbers = {(document["user_id"], document["seq"]) for document in documents}
        inboxes = self._inboxes.find({"_id": {"$in": people}}, {"events": True}, session=session)
        events = (event for inbox in inboxes for event in _from(inbox))
        return [event for event in events if (event.user_id, event.seq) in numbers]

    def _whole(
        self,
        events: Sequence[InboxEvent],
        documents: Mapping[str, Document],
        session: ClientSession,
    ) -> Sequence[Arrival]:
        """The events with all that they brought, not only with what this call is about.

        A device takes a number once: of half an event it would never see the other half.
        """
        rest = {id_ for event in events for id_ in event.ids} - documents.keys()
        if rest:
            found = self._notifications.find({"_id": {"$in": list(rest)}}, session=session)
            documents = {**documents, **{document["_id"]: document for document in found}}
        return [
            Arrival(e, tuple(_arrived(documents[id_], e.seq) for id_ in e.ids if id_ in documents))
            for e in events
        ]

    @translated
    def mark(
        self, user_id: str, notification_id: str, *, read: bool, now: datetime
    ) -> tuple[Notification, InboxEvent | None] | None:
        return self._transaction(
            lambda session: self._mark(user_id, notification_id, read, now, session)
        )

    def _mark(
        self, user_id: str, id_: str, read: bool, now: datetime, session: ClientSession
    ) -> tuple[Notification, InboxEvent | None] | None:
        theirs = {"_id": id_, "user_id": user_id}
        change = {"$set": {"read": True, "read_at": now}}
        if not read:
            change = {"$set": {"read": False}, "$unset": {"read_at": ""}}
        document = self._notifications.find_one_and_update(
            theirs | {"read": not read},
            change,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if document is None:
            unchanged = self._notifications.find_one(theirs, session=session)
            return (from_document(unchanged), None) if unchanged else None
        if "seq" not in document:  # it has not arrived, so no device knows it yet
            return from_document(document), None
        kind, count = (EventKind.READ, -1) if read else (EventKind.UNREAD, 1)
        [event] = self._add_own_events(user_id, [_event(kind, [id_], count, now)], session)
        return from_document(document), event

    def _transaction(self, change: Callable[[ClientSession], T]) -> T:
        """Do all of it or nothing, and again when two collide, within the time of one operation."""
        # Without this limit around it the driver tries for two minutes, whatever its settings.
        limit = pymongo.timeout(self._client.options.timeout)
        with limit, self._client.start_session() as session:
            return session.with_transaction(change)

    @translated
    def position(self, user_id: str) -> Position:
        inbox = self._inboxes.find_one({"_id": user_id}, {"seq": True, "unread": True})
        return _position(inbox)

    @translated
    def missed(self, user_id: str, since: int) -> tuple[Position, Sequence[InboxEvent] | None]:
        inbox = self._inboxes.find_one(
            {"_id": user_id},
            {"seq": True, "unread": True, "events": _only({"$gt": ["$$this.seq", since]})},
        )
        position = _position(inbox)
        events = _from(inbox)
        # Numbers have no gaps, so counting tells whether the kept events reach back far enough.
        return position, events if len(events) == position.seq - since else None


def _by_id(document: Document) -> str:
    id_: str = document["_id"]
    return id_


def _arrived(document: Document, seq: int) -> Notification:
    return from_document(document | {"seq": seq})


def _group(documents: Iterable[Document]) -> Mapping[str, Sequence[Sequence[Document]]]:
    """Group by person, and into as many arrivals as fit a frame each."""
    groups: dict[str, list[list[Document]]] = defaultdict(lambda: [[]])
    sizes: dict[str, int] = defaultdict(int)
    for document in documents:
        user_id = document["user_id"]
        size = len(wire.dumps(wire.notification(from_document(document))).encode())
        if sizes[user_id] + size > ARRIVAL_BYTES and groups[user_id][-1]:
            groups[user_id].append([])
            sizes[user_id] = 0
        groups[user_id][-1].append(document)
        sizes[user_id] += size
    return groups


def _events(groups: Sequence[Sequence[Document]], now: datetime) -> list[Document]:
    return [
        _event(
            EventKind.NOTIFICATION,
            [document["_id"] for document in group],
            sum(not document["read"] for document in group),
            now,
        )
        for group in groups
    ]


def _event(kind: EventKind, ids: list[str], unread_change: int, now: datetime) -> Document:
    return {"kind": kind.value, "ids": ids, "at": now, "unread_change": unread_change}


def _appending(events: Sequence[Document]) -> list[Document]:
    """The pipeline that gives each event the next number and the count after it."""
    stages: list[Document] = []
    for event in events:
        fields = {name: {"$literal": event[name]} for name in ("kind", "ids", "at")}
        stages += [
            {
                "$set": {
                    "seq": {"$add": [{"$ifNull": ["$seq", 0]}, 1]},
                    "unread": {"$add": [{"$ifNull": ["$unread", 0]}, event["unread_change"]]},
                }
            },
            {
                "$set": {
                    "events": {
                        "$slice": [
                            {
                                "$concatArrays": [
                                    {"$ifNull": ["$events", []]},
                                    [{"seq": "$seq", "unread": "$unread", **fields}],
                                ]
                            },
                            -KEPT,
                        ]
                    }
                }
            },
        ]
    return stages


def _only(condition: Any) -> Document:
    events = {"$ifNull": ["$events", []]}
    return {"$filter": {"input": events, "cond": condition}}


def _from(inbox: Document | None) -> list[InboxEvent]:
    if inbox is None:
        return []
    return [
        InboxEvent(
            user_id=inbox["_id"],
            seq=event["seq"],
            kind=EventKind(event["kind"]),
            ids=tuple(event["ids"]),
            unread=event["unread"],
            at=event["at"],
        )
        for event in inbox["events"]
    ]


def _position(inbox: Document | None) -> Position:
    return Position(inbox["seq"], inbox["unread"]) if inbox else Position()
