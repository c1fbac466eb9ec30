"""Notifications in MongoDB: the contents of inboxes, and how a notification looks as a document.

What has gone from its inbox leaves a stone behind, without its content, for a month: a late message
about it must not be taken for one about a notification that never was.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection as PymongoCollection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from belfry.adapters.mongo import views
from belfry.adapters.mongo.attempts import from_documents
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.changes import ChangeKind
from belfry.history import History
from belfry.model import DeliveryState, Gone, Notification, sortable
from belfry.ports import Due
from belfry.views import View

KEPT_AFTER_GONE = timedelta(days=30)
"""Longer than any message about it can be on its way."""

PRESENT: Document = {"gone": {"$exists": False}}
_NEVER = datetime.max.replace(tzinfo=UTC)


class MongoNotifications:
    """The contents of inboxes. What has no number has not arrived yet, and is in no list."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications
        self._marks = marks_of(database)

    @translated
    def get(self, user_id: str, notification_id: str) -> Notification | None:
        theirs = {"_id": notification_id, "user_id": user_id, **PRESENT}
        document = self._notifications.find_one(theirs)
        return from_document(document) if document else None

    @translated
    def page(
        self, user_id: str, view: View, *, before: str | None, limit: int
    ) -> Sequence[Notification]:
        found = self._notifications.find(views.query(user_id, view, before=before))
        return [from_document(each) for each in found.sort("order", DESCENDING).limit(limit)]

    @translated
    def by_ids(self, ids: Collection[str]) -> Mapping[str, Notification]:
        found = self._notifications.find({"_id": {"$in": list(ids)}, **PRESENT})
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
        # What remains of one to a person who has left belongs to nobody.
        known = {"_id": notification_id, "user_id": {"$exists": True}}
        found = self._marks.find_one(known, _OF_HISTORY)
        return _history(found) if found else None


class MongoScheduled:
    """Found by an index over `order` that holds only what has a `deliver_at` and is queued."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications

    @translated
    def page(self, now: datetime, *, after: str | None, limit: int) -> Sequence[Notification]:
        waiting = {
            "order": {"$gt": after or f"0{sortable(now)}"},
            "deliver_at": {"$gt": now},
            "state": DeliveryState.QUEUED.value,
        }
        found = self._notifications.find(waiting).sort("order", ASCENDING).limit(limit)
        return [from_document(document) for document in found]


class MongoTimers:
    """Found by an index over `due_at`, which only those have to whom something will happen."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications

    @translated
    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        found = self._notifications.find(
            {"due_at": {"$lte": now}}, {"user_id": True, "expires_at": True}
        )
        return [
            Due(
                document["_id"],
                document["user_id"],
                ChangeKind.EXPIRE if document.get("expires_at", _NEVER) <= now else ChangeKind.WAKE,
            )
            for document in found.sort("due_at", ASCENDING).limit(limit)
        ]


_OF_HISTORY = (
    "user_id",
    "state",
    "created_at",
    "deliver_at",
    "dispatch_by",
    "attempts",
    "acknowledged_at",
    "read_at",
    "edited_at",
    "gone",
    "gone_at",
)


def _history(document: Document) -> History:
    gone = document.get("gone")
    return History(
        id=document["_id"],
        user_id=document["user_id"],
        state=DeliveryState(document["state"]),
        accepted_at=document["created_at"],
        dispatch_by=document.get("dispatch_by"),
        attempts=from_documents(document.get("attempts", ())),
        acknowledged_at=document.get("acknowledged_at"),
        read_at=document.get("read_at"),
        deliver_at=document.get("deliver_at"),
        edited_at=document.get("edited_at"),
        gone=gone and Gone(gone),
        gone_at=document.get("gone_at"),
    )


def marks_of(database: Database) -> PymongoCollection[Document]:
    """The notifications, for marks of where they are on their way.

    Losing such a mark in a crash costs one more, harmless dispatch: no need to wait for the disk.
    Read as they are written, or a sweep would find again what it has just postponed.
    """
    return database.notifications.with_options(
        write_concern=WriteConcern(1, j=False), read_concern=ReadConcern("local")
    )


def to_document(notification: Notification, dispatch_by: datetime) -> Document:
    """A notification that has just been accepted, as the outbox keeps it."""
    return {
        "_id": notification.id,
        "user_id": notification.user_id,
        "created_at": notification.created_at,
        "state": DeliveryState.QUEUED.value,
        "dispatch_by": dispatch_by,
        **_fields(notification),
    }


def changed_fields(was: Notification, is_: Notification) -> Document:
    """The update that makes the document of the one into that of the other."""
    before, after = _fields(was), _fields(is_)
    change = {name: value for name, value in after.items() if before.get(name) != value}
    dropped = [name for name in before if name not in after]
    if is_.gone and is_.seq is None:
        change["state"] = DeliveryState.CANCELLED.value
        dropped.append("dispatch_by")
    return {"$set": change} | ({"$unset": dict.fromkeys(dropped, "")} if dropped else {})


def _fields(item: Notification) -> Document:
    """What a change may touch. What is nothing is left out, so that sparse indexes stay small."""
    content = _content(item) if item.gone is None else {}
    times = (item.snoozed_until, item.expires_at)
    due = min((each for each in times if each), default=None) if item.gone is None else None
    optional = {
        "deliver_at": item.deliver_at,
        "expires_at": item.expires_at,
        "broadcast_id": item.broadcast_id,
        "read_at": item.read_at,
        "archived": item.archived or None,
        "snoozed_until": item.snoozed_until,
        "came_at": item.came_at,
        "pinned": item.pinned or None,
        "edited_at": item.edited_at,
        "gone": item.gone and item.gone.value,
        "gone_at": item.gone_at,
        "purge_at": item.gone_at and item.gone_at + KEPT_AFTER_GONE,
        "due_at": due,
    }
    present = {name: value for name, value in optional.items() if value is not None}
    return content | present | views.fields_of(item)


def _content(item: Notification) -> Document:
    """`data` is kept as JSON text: BSON would refuse large numbers, deep nesting and some keys."""
    optional = {
        "title": item.title,
        "category": item.category,
        "link": item.link,
        "data": None if item.data is None else json.dumps(item.data),
    }
    present = {name: value for name, value in optional.items() if value is not None}
    return {"message": item.message, "priority": item.priority, **present}


def from_document(document: Document) -> Notification:
    """The notification that a document keeps."""
    data, gone = document.get("data"), document.get("gone")
    return Notification(
        id=document["_id"],
        user_id=document["user_id"],
        message=document.get("message", ""),
        created_at=document["created_at"],
        title=document.get("title"),
        category=document.get("category"),
        priority=document.get("priority", 3),
        link=document.get("link"),
        data=None if data is None else json.loads(data),
        deliver_at=document.get("deliver_at"),
        expires_at=document.get("expires_at"),
        broadcast_id=document.get("broadcast_id"),
        read_at=document.get("read_at"),
        archived=document.get("archived", False),
        snoozed_until=document.get("snoozed_until"),
        came_at=document.get("came_at"),
        pinned=document.get("pinned", False),
        edited_at=document.get("edited_at"),
        gone=gone and Gone(gone),
        gone_at=document.get("gone_at"),
        seq=document.get("seq"),
    )
