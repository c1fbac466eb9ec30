"""Those who leave, in MongoDB: the one place that knows where something of a person is kept.

A new collection that holds people's ids belongs into `_let_go`; a test finds it when it is missing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bson import MaxKey, MinKey
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from belfry.adapters.mongo.database import UNDELIVERED, Database, Document, translated
from belfry.adapters.mongo.notifications import KEPT_AFTER_GONE
from belfry.adapters.mongo.stream import Streams
from belfry.leaving import Leaving
from belfry.model import DeliveryState, Gone, Role

PART = 2000
"""So many notifications are deleted at a time, within a tenth of a second."""


class MongoLeavings:
    """One document for each who has left lately: the id, since when, and when to look again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leavings = database.leavings
        self._streams = Streams(database)

    @translated
    def begin(self, user_id: str, now: datetime, due_at: datetime) -> bool:
        return self._streams.transaction(lambda session: self._begin(user_id, now, due_at, session))

    def _begin(self, user_id: str, now: datetime, due_at: datetime, session: ClientSession) -> bool:
        account = {"_id": user_id, "role": Role.USER.value}
        if self._database.users.delete_one(account, session=session).deleted_count:
            leaving = {"_id": user_id, "left_at": now, "due_at": due_at}
            self._leavings.insert_one(leaving, session=session)
            return True
        return self._leavings.find_one({"_id": user_id}, session=session) is not None

    @translated
    def claim(self, now: datetime, until: datetime) -> Leaving | None:
        found = self._leavings.find_one_and_update(
            {"due_at": {"$lte": now}}, {"$set": {"due_at": until}}, sort=[("due_at", ASCENDING)]
        )
        return Leaving(found["_id"], found["left_at"]) if found else None

    @translated
    def postpone(self, user_id: str, due_at: datetime) -> None:
        self._leavings.update_one({"_id": user_id}, {"$set": {"due_at": due_at}})

    @translated
    def end(self, user_id: str) -> None:
        self._leavings.delete_one({"_id": user_id})

    @translated
    def forget(self, user_id: str, now: datetime) -> bool:
        # The inbox goes first: one that arrives from here on would have to make it again, and is
        # then asked whether its person has left. And last, for those that had begun before.
        empty(self._database, user_id)
        waiting = {"user_id": user_id, "state": {"$in": UNDELIVERED}}
        arrived = {"user_id": user_id, "seq": {"$gt": 0}}
        if self._take(waiting, now) or self._take(arrived, now):
            return False
        self._let_go(user_id)
        empty(self._database, user_id)
        return True

    def _take(self, which: Document, now: datetime) -> bool:
        """Delete some notifications; says whether there may be more of them."""
        notifications = self._database.notifications
        found = notifications.find(which, {"state": True}).limit(PART)
        ids = {document["_id"]: document["state"] in UNDELIVERED for document in found}
        on_their_way = [id_ for id_, is_waiting in ids.items() if is_waiting]
        # An answer that is kept for whoever sent it has the content, too.
        self._database.idempotency_keys.delete_many({"reserved_id": {"$in": list(ids)}})
        notifications.update_many({"_id": {"$in": on_their_way}}, stone(now))
        rest = ids.keys() - set(on_their_way)
        notifications.delete_many({"_id": {"$in": list(rest)}})
        return len(ids) == PART

    def _let_go(self, user_id: str) -> None:
        database, theirs = self._database, {"user_id": user_id}
        for collection in (
            database.subscriptions,
            database.tickets,
            database.connections,
            database.dead_letters,
        ):
            collection.delete_many(theirs)
        first, last = ({**theirs, "key": bound} for bound in (MinKey(), MaxKey()))
        database.idempotency_keys.delete_many({"_id": {"$gt": first, "$lt": last}})
        database.broadcasts.update_many(
            {"to.user_ids": user_id}, {"$pull": {"to.user_ids": user_id}}
        )
        # Where a broadcast goes on: behind whoever came just before.
        database.broadcasts.update_many({"after": user_id}, {"$set": {"after": _before(user_id)}})


def empty(database: Database, user_id: str, session: ClientSession | None = None) -> None:
    """Delete a person's stream and counts."""
    database.inboxes.delete_one({"_id": user_id}, session=session)
    counts = {"_id": _beginning_with(f"{user_id}/")}
    database.categories.delete_many(counts, session=session)


def who_left(
    database: Database, user_ids: Collection[str], session: ClientSession
) -> Collection[str]:
    """Those of them who have left lately."""
    if not user_ids:
        return ()
    found = database.leavings.find({"_id": {"$in": list(user_ids)}}, {"_id": True}, session=session)
    return {document["_id"] for document in found}


def stone(now: datetime) -> list[Document]:
    """The update that leaves nothing of a notification but that it has gone, for late messages."""
    left: Document = {
        "_id": "$_id",
        "broadcast_id": "$broadcast_id",  # counted as cancelled there
        "state": DeliveryState.CANCELLED.value,
        "gone": Gone.DELETED.value,
        "gone_at": now,
        "purge_at": now + KEPT_AFTER_GONE,
    }
    return [{"$replaceWith": left}]


def _beginning_with(prefix: str) -> dict[str, Any]:
    return {"$gte": prefix, "$lt": prefix + "\U0010ffff"}


def _before(user_id: str) -> str:
    """A text right before an id: no other id is between the two."""
    return user_id[:-1] + chr(ord(user_id[-1]) - 1)
