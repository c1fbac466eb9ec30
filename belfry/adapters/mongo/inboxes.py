"""Inboxes in MongoDB: what arrives in them, and what is changed in them, as numbered events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import DESCENDING, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession

from belfry import wire
from belfry.adapters.mongo import stream, views
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.notifications import changed_fields, from_document
from belfry.adapters.mongo.stream import Streams, events_of, last_events, position_of
from belfry.changes import Change
from belfry.model import DeliveryState, EventKind, InboxEvent, Notification, Position
from belfry.ports import CHANGED_AT_ONCE, Arrival, Changed
from belfry.views import View, order_of

_QUEUED = DeliveryState.QUEUED.value

ARRIVAL_BYTES = 96 * 1024
"""About how much one arrival carries; a frame of Amazon API Gateway has at most 128 KiB."""

MOST_NAMED = 100
"""An event names so many notifications; about more of them it only says that they changed."""


class MongoInboxes:
    """Appends and changes, each one transaction, retried by the driver when two collide."""

    def __init__(self, database: Database) -> None:
        self._streams = Streams(database)
        self._inboxes = database.inboxes
        self._notifications = database.notifications

    @translated
    def append(
        self, notification_ids: Sequence[str], now: datetime
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        if not notification_ids:
            return [], set()
        return self._streams.transaction(
            lambda session: self._append(notification_ids, now, session)
        )

    def _append(
        self, ids: Sequence[str], now: datetime, session: ClientSession
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        found = self._notifications.find({"_id": {"$in": list(set(ids))}}, session=session)
        documents = {document["_id"]: document for document in sorted(found, key=_by_id)}
        unknown = set(ids) - set(documents)
        here = [document for document in documents.values() if "gone" not in document]
        fresh = [from_document(document) for document in here if "seq" not in document]
        # Numbered by an earlier call whose devices may not have been told.
        again = [d for d in here if "seq" in d and d["state"] == _QUEUED]
        events = [*self._kept_events(again, session), *self._number(fresh, now, session)]
        return self._whole(events, documents, session), unknown

    def _number(
        self, fresh: Sequence[Notification], now: datetime, session: ClientSession
    ) -> Sequence[InboxEvent]:
        """Add the events of an arrival, and write their numbers into the notifications."""
        if not fresh:
            return []
        groups = _group(fresh)
        arriving = {
            user_id: [_arrival(each, now) for each in own] for user_id, own in groups.items()
        }
        events = self._streams.add(arriving, views.counted((), fresh), session)
        self._notifications.bulk_write(
            [_numbering(event) for event in events],
            ordered=False,
            session=session,
        )
        return events

    def _kept_events(
        self, documents: Sequence[Document], session: ClientSession
    ) -> Sequence[InboxEvent]:
        """The events by which these arrived, as far as they are kept."""
        if not documents:
            return []
        people = list({document["user_id"] for document in documents})
        numbers = {(document["user_id"], document["seq"]) for document in documents}
        inboxes = self._inboxes.find({"_id": {"$in": people}}, session=session)
        events = (event for inbox in inboxes for event in events_of(inbox))
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
        present = {id_: each for id_, each in documents.items() if "gone" not in each}
        return [
            Arrival(e, tuple(_arrived(present[id_], e.seq) for id_ in e.ids if id_ in present))
            for e in events
        ]

    @translated
    def change(
        self,
        user_id: str,
        which: Sequence[str] | View,
        change: Change,
        now: datetime,
        *,
        before: str | None = None,
    ) -> Changed | None:
        return self._streams.transaction(
            lambda session: self._change(user_id, which, change, now, before, session)
        )

    def _change(
        self,
        user_id: str,
        which: Sequence[str] | View,
        change: Change,
        now: datetime,
        before: str | None,
        session: ClientSession,
    ) -> Changed | None:
        if isinstance(which, View):
            items, rest = self._viewed(user_id, which, before, session)
        else:
            items, rest = self._named(user_id, which, session), None
            if not items:
                return None
        after = [change.applied_to(item, now) for item in items]
        pairs = [
            (was, now_is) for was, now_is in zip(items, after, strict=True) if was is not now_is
        ]
        event = self._write(pairs, change, now, session) if pairs else None
        told = after if not isinstance(which, View) else [is_ for _, is_ in pairs[:1]]
        return Changed(len(pairs), event, tuple(told), rest)

    def _viewed(
        self, user_id: str, view: View, before: str | None, session: ClientSession
    ) -> tuple[Sequence[Notification], str | None]:
        query = views.query(user_id, view, before=before)
        found = self._notifications.find(query, session=session).sort("order", DESCENDING)
        items = [from_document(document) for document in found.limit(CHANGED_AT_ONCE)]
        return items, order_of(items[-1]) if len(items) == CHANGED_AT_ONCE else None

    def _named(
        self, user_id: str, ids: Sequence[str], session: ClientSession
    ) -> Sequence[Notification]:
        theirs = {"_id": {"$in": list(ids)}, "user_id": user_id, "gone": {"$exists": False}}
        found = self._notifications.find(theirs, session=session)
        return [from_document(document) for document in sorted(found, key=_by_id)]

    def _write(
        self,
        pairs: Sequence[tuple[Notification, Notification]],
        change: Change,
        now: datetime,
        session: ClientSession,
    ) -> InboxEvent | None:
        """Keep the changed notifications; those that are in the inbox by now make an event."""
        updates: dict[str, tuple[Document, list[str]]] = {}
        for was, is_ in pairs:
            fields = changed_fields(was, is_)
            updates.setdefault(repr(fields), (fields, []))[1].append(is_.id)
        self._notifications.bulk_write(
            [UpdateMany({"_id": {"$in": ids}}, fields) for fields, ids in updates.values()],
            ordered=False,
            session=session,
        )
        arrived = [(was, is_) for was, is_ in pairs if is_.seq is not None]
        if not arrived:
            return None
        user_id = arrived[0][0].user_id
        befores, afters = zip(*arrived, strict=True)
        kind, ids = change.event, [is_.id for is_ in afters]
        if len(ids) > MOST_NAMED:
            kind, ids = EventKind.CHANGED, []
        unread = sum(is_.is_counted for is_ in afters) - sum(was.is_counted for was in befores)
        event = stream.event(kind, ids, unread, now, change.until if ids else None)
        [added] = self._streams.add({user_id: [event]}, views.counted(befores, afters), session)
        return added

    @translated
    def position(self, user_id: str) -> Position:
        return position_of(self._inboxes.find_one({"_id": user_id}, {"seq": True, "unread": True}))

    @translated
    def missed(self, user_id: str, since: int) -> tuple[Position, Sequence[InboxEvent] | None]:
        inbox = self._inboxes.find_one(
            {"_id": user_id},
            {"seq": True, "unread": True, "events": last_events({"$subtract": ["$seq", since]})},
        )
        position = position_of(inbox)
        events = [event for event in events_of(inbox) if event.seq > since]
        # Numbers have no gaps, so counting tells whether the kept events reach back far enough.
        return position, events if len(events) == position.seq - since else None


class MongoCounts:
    """Sums of the numbers that every change keeps."""

    def __init__(self, database: Database) -> None:
        self._inboxes = database.inboxes
        self._categories = database.categories
        self._notifications = database.notifications

    @translated
    def of(self, user_id: str, asked: Sequence[View]) -> Sequence[int]:
        names = {view.category for view in asked if view.category and not view.since}
        ids = [f"{user_id}/{name}" for name in names]
        found = self._categories.find({"_id": {"$in": ids}}) if ids else ()
        numbers: dict[str, Mapping[str, int]] = {each["_id"]: each["counts"] for each in found}
        inbox = self._inboxes.find_one({"_id": user_id}, {"counts": True}) or {}
        own = inbox.get("counts", {})
        return [
            self._one_by_one(user_id, view)
            if view.since
            else views.sum_of(
                numbers.get(f"{user_id}/{view.category}", {}) if view.category else own, view
            )
            for view in asked
        ]

    def _one_by_one(self, user_id: str, view: View) -> int:
        return self._notifications.count_documents(views.query(user_id, view))


def _numbering(event: InboxEvent) -> UpdateOne | UpdateMany:
    """Writes the number of an arrival into what arrived. For a single one MongoDB plans nothing."""
    number = {"$set": {"seq": event.seq}}
    if len(event.ids) == 1:
        return UpdateOne({"_id": event.ids[0]}, number)
    return UpdateMany({"_id": {"$in": event.ids}}, number)


def _by_id(document: Document) -> str:
    id_: str = document["_id"]
    return id_


def _arrived(document: Document, seq: int) -> Notification:
    return from_document(document | {"seq": seq})


def _arrival(group: Sequence[Notification], now: datetime) -> Document:
    unread = sum(item.is_counted for item in group)
    return stream.event(EventKind.NOTIFICATION, [item.id for item in group], unread, now)


def _group(fresh: Iterable[Notification]) -> Mapping[str, Sequence[Sequence[Notification]]]:
    """Group by person, and into as many arrivals as fit a frame each."""
    groups: dict[str, list[list[Notification]]] = defaultdict(lambda: [[]])
    sizes: dict[str, int] = defaultdict(int)
    for item in fresh:
        size = len(wire.dumps(wire.notification(item)).encode())
        if sizes[item.user_id] + size > ARRIVAL_BYTES and groups[item.user_id][-1]:
            groups[item.user_id].append([])
            sizes[item.user_id] = 0
        groups[item.user_id][-1].append(item)
        sizes[item.user_id] += size
    return groups
