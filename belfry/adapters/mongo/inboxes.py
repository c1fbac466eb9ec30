"""Inboxes in MongoDB: what arrives in them, and what is changed in them, as numbered events."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo import DESCENDING, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession

from belfry.adapters.mongo import stream, views
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.leavings import empty, stone, who_left
from belfry.adapters.mongo.notifications import changed_fields, from_document
from belfry.adapters.mongo.stream import Streams, events_of, last_events, position_of
from belfry.changes import Change
from belfry.frames import MOST_NAMED, in_frames
from belfry.model import DeliveryState, EventKind, InboxEvent, Notification, Position
from belfry.ports import CHANGED_AT_ONCE, Arrival, Changed
from belfry.views import View, order_of

log = logging.getLogger(__name__)

_QUEUED = DeliveryState.QUEUED.value


class MongoInboxes:
    """Appends and changes, each one transaction, retried by the driver when two collide."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._streams = Streams(database)
        self._inboxes = database.inboxes
        self._notifications = database.notifications

    @translated
    def append(
        self, notification_ids: Sequence[str], now: datetime
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        if not notification_ids:
            return [], set()
        ids = sorted(set(notification_ids))
        done, errors = self._streams.in_parts(
            ids, lambda part, session: self._append(part, now, session)
        )
        if errors:
            # What has arrived meanwhile is told again with the next try.
            raise errors[0]
        arrivals = [arrival for each, _ in done for arrival in each]
        return arrivals, {id_ for _, unknown in done for id_ in unknown}

    def _append(
        self, ids: Sequence[str], now: datetime, session: ClientSession
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        found = self._notifications.find({"_id": {"$in": list(ids)}}, session=session)
        documents = {document["_id"]: document for document in sorted(found, key=_by_id)}
        unknown = set(ids) - set(documents)
        here = [document for document in documents.values() if "gone" not in document]
        fresh = [_arriving(document, now) for document in here if "seq" not in document]
        fresh = [item for item in fresh if item.expires_at is None or item.expires_at > now]
        # Numbered by an earlier call whose devices may not have been told.
        again = [d for d in here if "seq" in d and d["state"] == _QUEUED]
        events = [*self._kept_events(again, session), *self._number(fresh, now, session)]
        arrived = {item.id: item for item in fresh}
        return self._whole(events, documents, arrived, session), unknown

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
        beginning = {event.user_id for event in events if event.seq == 1}
        if left := who_left(self._database, beginning, session):
            self._take_back([item for item in fresh if item.user_id in left], left, now, session)
            fresh = [item for item in fresh if item.user_id not in left]
            events = [event for event in events if event.user_id not in left]
        numbers = {id_: event.seq for event in events for id_ in event.ids}
        if not numbers:
            return []
        self._notifications.bulk_write(
            [UpdateOne({"_id": item.id}, {"$set": _arrival_of(item, numbers)}) for item in fresh],
            ordered=False,
            session=session,
        )
        return events

    def _take_back(
        self,
        sent: Sequence[Notification],
        left: Collection[str],
        now: datetime,
        session: ClientSession,
    ) -> None:
        """What was sent just as people left has made their inboxes again: undo that."""
        for user_id in left:
            empty(self._database, user_id, session)
        ids = [item.id for item in sent]
        self._notifications.update_many({"_id": {"$in": ids}}, stone(now), session=session)

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
        arrived: Mapping[str, Notification],
        session: ClientSession,
    ) -> Sequence[Arrival]:
        """The events with all that they brought, not only with what this call is about.

        A device takes a number once: of half an event it would never see the other half.
        """
        rest = {id_ for event in events for id_ in event.ids} - documents.keys()
        if rest:
            found = self._notifications.find({"_id": {"$in": list(rest)}}, session=session)
            documents = {**documents, **{document["_id"]: document for document in found}}
        others = [d for id_, d in documents.items() if id_ not in arrived and "gone" not in d]
        items = {**arrived, **{other["_id"]: from_document(other) for other in others}}
        return [
            Arrival(e, tuple(replace(items[id_], seq=e.seq) for id_ in e.ids if id_ in items))
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
            items, rest = self._named([user_id], which, session), None
            if not items:
                return None
        after = [change.applied_to(item, now) for item in items]
        pairs = [(was, is_) for was, is_ in zip(items, after, strict=True) if was is not is_]
        event = self._write(pairs, change, now, session).get(user_id)
        told = after if not isinstance(which, View) else [is_ for _, is_ in pairs[:1]]
        return Changed(len(pairs), event, tuple(told), rest)

    @translated
    def change_each(
        self, ids: Mapping[str, Collection[str]], change: Change, now: datetime
    ) -> Sequence[Changed]:
        done, errors = self._streams.in_parts(
            list(ids),
            lambda people, session: self._change_each(
                {user_id: ids[user_id] for user_id in people}, change, now, session
            ),
        )
        if errors and not done:
            raise errors[0]
        for error in errors:
            log.warning("an inbox stays as it was, for now: %s", error)
        return [changed for each in done for changed in each]

    def _change_each(
        self,
        ids: Mapping[str, Collection[str]],
        change: Change,
        now: datetime,
        session: ClientSession,
    ) -> Sequence[Changed]:
        together = [id_ for theirs in ids.values() for id_ in theirs]
        changed: dict[str, list[tuple[Notification, Notification]]] = defaultdict(list)
        for was in self._named(list(ids), together, session):
            is_ = change.applied_to(was, now)
            if is_ is not was:
                changed[was.user_id].append((was, is_))
        events = self._write(
            [pair for each in changed.values() for pair in each], change, now, session
        )
        return [
            Changed(len(theirs), events.get(user_id), tuple(is_ for _, is_ in theirs))
            for user_id, theirs in changed.items()
        ]

    def _viewed(
        self, user_id: str, view: View, before: str | None, session: ClientSession
    ) -> tuple[Sequence[Notification], str | None]:
        query = views.query(user_id, view, before=before)
        found = self._notifications.find(query, session=session).sort("order", DESCENDING)
        items = [from_document(document) for document in found.limit(CHANGED_AT_ONCE)]
        return items, order_of(items[-1]) if len(items) == CHANGED_AT_ONCE else None

    def _named(
        self, user_ids: Sequence[str], ids: Sequence[str], session: ClientSession
    ) -> Sequence[Notification]:
        theirs = {
            "_id": {"$in": list(ids)},
            "user_id": {"$in": list(user_ids)},
            "gone": {"$exists": False},
        }
        found = self._notifications.find(theirs, session=session)
        return [from_document(document) for document in sorted(found, key=_by_id)]

    def _write(
        self,
        pairs: Sequence[tuple[Notification, Notification]],
        change: Change,
        now: datetime,
        session: ClientSession,
    ) -> Mapping[str, InboxEvent]:
        """Keep the changed notifications; answers each person's event, of what has arrived."""
        updates: dict[str, tuple[Document, list[str]]] = {}
        for was, is_ in pairs:
            fields = changed_fields(was, is_)
            updates.setdefault(repr(fields), (fields, []))[1].append(is_.id)
        if updates:
            self._notifications.bulk_write(
                [UpdateMany({"_id": {"$in": ids}}, fields) for fields, ids in updates.values()],
                ordered=False,
                session=session,
            )
        arrived: dict[str, list[tuple[Notification, Notification]]] = defaultdict(list)
        for was, is_ in pairs:
            if is_.seq is not None:
                arrived[is_.user_id].append((was, is_))
        if not arrived:
            return {}
        events = {user_id: [_change_event(own, change, now)] for user_id, own in arrived.items()}
        befores, afters = zip(*(pair for own in arrived.values() for pair in own), strict=True)
        added = self._streams.add(events, views.counted(befores, afters), session)
        return {event.user_id: event for event in added}

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


def _by_id(document: Document) -> str:
    id_: str = document["_id"]
    return id_


def _arriving(document: Document, now: datetime) -> Notification:
    """What a document says, with the time of its arrival."""
    return replace(from_document(document), came_at=now)


def _arrival_of(item: Notification, numbers: Mapping[str, int]) -> Document:
    """What its arrival writes into a notification."""
    return {"seq": numbers[item.id], "came_at": item.came_at, "order": order_of(item)}


def _change_event(
    pairs: Sequence[tuple[Notification, Notification]], change: Change, now: datetime
) -> Document:
    """The event that tells one person of what was changed."""
    unread = sum(is_.is_counted - was.is_counted for was, is_ in pairs)
    if len(pairs) > MOST_NAMED:
        return stream.event(EventKind.CHANGED, [], unread, now)
    return stream.event(change.event, [is_.id for _, is_ in pairs], unread, now, change.until)


def _arrival(group: Sequence[Notification], now: datetime) -> Document:
    unread = sum(item.is_counted for item in group)
    return stream.event(EventKind.NOTIFICATION, [item.id for item in group], unread, now)


def _group(fresh: Iterable[Notification]) -> Mapping[str, Sequence[Sequence[Notification]]]:
    """Group by person, and into as many arrivals as fit a frame each."""
    people: dict[str, list[Notification]] = defaultdict(list)
    for item in fresh:
        people[item.user_id].append(item)
    # Of one alone nobody needs to know the size.
    return {who: [own] if len(own) == 1 else list(in_frames(own)) for who, own in people.items()}
