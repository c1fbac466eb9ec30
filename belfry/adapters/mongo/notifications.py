"""Notifications in MongoDB: the contents of inboxes, and the outbox, which is the same documents.

A document has `dispatch_by` for as long as it waits to be dispatched, so that the index over that
field holds only what is on its way.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.model import DeliveryState, Notification


class MongoOutbox:
    """The notifications that are on their way."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications
        # Losing such a mark in a crash costs one more, harmless dispatch: no need to wait for disk.
        # Read as they are written, or a sweep would find again what it has just postponed.
        self._marks = database.notifications.with_options(
            write_concern=WriteConcern(1, j=False), read_concern=ReadConcern("local")
        )

    @translated
    def add(self, notification: Notification, dispatch_by: datetime) -> None:
        self._notifications.insert_one(to_document(notification, dispatch_by))

    @translated
    def overdue(self, now: datetime, limit: int) -> Sequence[Notification]:
        found = self._marks.find({"dispatch_by": {"$lte": now}})
        return [from_document(d) for d in found.sort("dispatch_by", ASCENDING).limit(limit)]

    @translated
    def postpone(self, ids: Collection[str], until: datetime) -> None:
        self._marks.update_many(_waiting(ids), {"$set": {"dispatch_by": until}})

    @translated
    def settle(self, ids: Collection[str]) -> None:
        self._end(ids, {"state": DeliveryState.DISPATCHED.value})

    @translated
    def give_up(self, ids: Collection[str], reason: str) -> None:
        self._end(ids, {"state": DeliveryState.FAILED.value, "failure": reason})

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

    def _end(self, ids: Collection[str], marks: Mapping[str, Any]) -> None:
        if ids:
            change = {"$set": marks, "$unset": {"dispatch_by": ""}}
            self._marks.update_many(_waiting(ids), change)


def _waiting(ids: Collection[str]) -> Document:
    """Those of them that have not ended: a late copy of a message must not change how they did."""
    return {"_id": {"$in": list(ids)}, "state": DeliveryState.QUEUED.value}


class MongoNotifications:
    """The contents of inboxes. What has no number has not arrived yet, and is in no list."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications

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
