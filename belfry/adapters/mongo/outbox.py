"""The outbox in MongoDB: the notifications themselves, while they are on their way.

A document has `dispatch_by` for as long as it waits to be dispatched, so that the index over that
field holds only what is on its way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from belfry.adapters.mongo.attempts import alike, appended
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.notifications import PRESENT, from_document, marks_of, to_document
from belfry.history import Attempt
from belfry.model import DeliveryState, Notification
from belfry.ports import Claimed


class MongoOutbox:
    """The notifications that are on their way."""

    def __init__(self, database: Database) -> None:
        self._notifications = database.notifications
        self._marks = marks_of(database)

    @translated
    def add(self, notification: Notification, dispatch_by: datetime) -> Notification:
        try:
            self._notifications.insert_one(to_document(notification, dispatch_by))
        except DuplicateKeyError:  # kept by an earlier try of the same request
            kept = self._notifications.find_one({"_id": notification.id, **PRESENT})
            return from_document(kept) if kept else notification
        return notification

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
        done_with = ["claim", "dispatch_by"] if ended else ["claim"]
        if not attempts:
            self._marks.update_many(_waiting(ids), [{"$set": changes}, {"$unset": done_with}])
            return
        for part in alike({id_: attempts[id_] for id_ in ids}):
            changes["attempts"] = appended(part)
            self._marks.update_many(
                _waiting(list(part)), [{"$set": changes}, {"$unset": done_with}]
            )


class MongoBacklog:
    """The port `Backlog`, over the same notifications."""

    def __init__(self, database: Database) -> None:
        self._marks = marks_of(database)

    @translated
    def overdue_since(self, now: datetime) -> datetime | None:
        # Only the time, so that the index on it is all that is read.
        found = self._marks.find_one(
            {"dispatch_by": {"$lte": now}},
            {"_id": False, "dispatch_by": True},
            sort=[("dispatch_by", ASCENDING)],
        )
        return found["dispatch_by"] if found else None


def _waiting(ids: Collection[str]) -> Document:
    """Those of them that have not ended: a late copy of a message must not change how they did."""
    return {"_id": {"$in": list(ids)}, "state": DeliveryState.QUEUED.value}
