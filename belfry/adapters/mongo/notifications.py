"""Notifications in MongoDB: the contents of inboxes, and the outbox, which is the same documents.

A document has `dispatch_by` for as long as it waits to be dispatched, so that the index over that
field holds only what is on its way.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection as PymongoCollection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from belfry.adapters.mongo.attempts import appended, from_documents
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.model import Attempt, DeliveryState, History, Notification
from belfry.ports import Claimed


class MongoOutbox:
    """The notifications that are on their way."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications
        self._marks = _marks(database)

    @translated
    def add(self, notification: Notification, dispatch_by: datetime) -> None:
        self._notifications.insert_one(to_document(notification, dispatch_by))

    @translated
    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[Claimed]:
        overdue = {"dispatch_by": {"$lte": now}}
        found = self._marks.find(overdue, {"_id": True}).sort("dispatch_by", ASCENDING).limit(limit)
        ids = [document["_id"] for document in found]
        if not ids:
            return []
        # The token tells which of them are ours: another one may have found the same ones.
        token = uuid4().bytes
        change = {"$set": {"dispatch_by": until, "claim": token}}
        self._marks.update_many({"_id": {"$in": ids}, **overdue}, change, hint="_id_")
        won = self._marks.find({"_id": {"$in": ids}, "claim": token}, {"user_id": True})
        return [Claimed(document["_id"], document["user_id"]) for document in won]

    @translated
    def postpone(
        self, ids: Collection[str], until: datetime, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        self._mark(ids, {"dispatch_by": until}, attempts)

    @translated
    def settle(self, ids: Collection[str], attempts: Mapping[str, Attempt] | None = None) -> None:
        self._mark(ids, {"state": DeliveryState.DISPATCHED.value}, attempts, ended=True)

    @translated
    def give_up(
        self, ids: Collection[str], reason: str, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        marks = {"state": DeliveryState.FAILED.value, "failure": reason}
        self._mark(ids, marks, attempts, ended=True)

    @translated
    def reopen(self, ids: Collection[str], dispatch_by: datetime) -> None:
        if ids:
            # Not only a mark: nothing but this says that it is to be pushed once more.
            again = {"state": DeliveryState.QUEUED.value, "dispatch_by": dispatch_by}
            change = {"$set": again, "$unset": {"failure": ""}}
            self._notifications.update_many({"_id": {"$in": list(ids)}}, change)

    @translated
    def states(self, ids: Collection[str]) -> Mapping[str, DeliveryState]:
        found = self._marks.find({"_id": {"$in": list(ids)}}, {"state": True})
        return {document["_id"]: DeliveryState(document["state"]) for document in found}

    def _mark(
        self,
        ids: Collection[str],
        marks: Mapping[str, Any],
        attempts: Mapping[str, Attempt] | None,
        *,
        ended: bool = False,
    ) -> None:
        if not ids:
            return
        # In a pipeline a text that begins with $ would be the name of a field.
        changes: Document = {name: {"$literal": value} for name, value in marks.items()}
        if attempts:
            changes["attempts"] = appended({id_: attempts[id_] for id_ in ids})
        done_with = ["claim", "dispatch_by"] if ended else ["claim"]
        self._marks.update_many(_waiting(ids), [{"$set": changes}, {"$unset": done_with}])


def _marks(database: Database) -> PymongoCollection[Document]:
    """The notifications, for marks of where they are on their way.

    Losing such a mark in a crash costs one more, harmless dispatch: no need to wait for the disk.
    Read as they are written, or a sweep would find again what it has just postponed.
    """
    return database.notifications.with_options(
        write_concern=WriteConcern(1, j=False), read_concern=ReadConcern("local")
    )


def _waiting(ids: Collection[str]) -> Document:
    """Those of them that have not ended: a late copy of a message must not change how they did."""
    return {"_id": {"$in": list(ids)}, "state": DeliveryState.QUEUED.value}


class MongoNotifications:
    """The contents of inboxes. What has no number has not arrived yet, and is in no list."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications
        self._marks = _marks(database)

    @translated
    def get(self, user_id: str, notification_id: str) -> Notification | None:
        document = self._notifications.find_one({"_id": notification_id, "user_id": user_id})
        return from_document(document) if document else None

    @translated
    def page(
        self, user_id: str, *, before: str | None, limit: int, read: bool | None
    ) -> Sequence[Notification]:
        which: Document = {"user_id": user_id, "seq": {"$gt": 0}}
        if before is not None:
            which["_id"] = {"$lt": before}
        if read is not None:
            which["read"] = read
        # Ids sort by time. Numbers cannot do it: several notifications may arrive by one event.
        found = self._notifications.find(which).sort("_id", DESCENDING).limit(limit)
        return [from_document(document) for document in found]

    @translated
    def by_ids(self, ids: Collection[str]) -> Mapping[str, Notification]:
        found = self._notifications.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: from_document(document) for document in found}

    @translated
    def acknowledge(self, user_id: str, ids: Collection[str], now: datetime) -> None:
        first = {
            "_id": {"$in": list(ids)},
            "user_id": user_id,
            "acknowledged_at": {"$exists": False},
        }
        self._marks.update_many(first, {"$set": {"acknowledged_at": now}})

    @translated
    def history(self, notification_id: str) -> History | None:
        found = self._marks.find_one({"_id": notification_id}, _OF_HISTORY)
        return _history(found) if found else None


_OF_HISTORY = (
    "user_id",
    "state",
    "created_at",
    "dispatch_by",
    "attempts",
    "acknowledged_at",
    "read_at",
)


def _history(document: Document) -> History:
    return History(
        id=document["_id"],
        user_id=document["user_id"],
        state=DeliveryState(document["state"]),
        accepted_at=document["created_at"],
        dispatch_by=document.get("dispatch_by"),
        attempts=from_documents(document.get("attempts", ())),
        acknowledged_at=document.get("acknowledged_at"),
        read_at=document.get("read_at"),
    )


def to_document(notification: Notification, dispatch_by: datetime) -> Document:
    """`data` is kept as JSON text: BSON would refuse large numbers, deep nesting and some keys."""
    optional = {
        "title": notification.title,
        "category": notification.category,
        "link": notification.link,
        "data": None if notification.data is None else json.dumps(notification.data),
    }
    return {
        "_id": notification.id,
        "user_id": notification.user_id,
        "message": notification.message,
        "priority": notification.priority,
        "created_at": notification.created_at,
        "read": False,
        "state": DeliveryState.QUEUED.value,
        "dispatch_by": dispatch_by,
        **{name: value for name, value in optional.items() if value is not None},
    }


def from_document(document: Document) -> Notification:
    """The notification that a document keeps."""
    data = document.get("data")
    return Notification(
        id=document["_id"],
        user_id=document["user_id"],
        message=document["message"],
        created_at=document["created_at"],
        title=document.get("title"),
        category=document.get("category"),
        priority=document["priority"],
        link=document.get("link"),
        data=None if data is None else json.loads(data),
        read_at=document.get("read_at"),
        seq=document.get("seq"),
    )
