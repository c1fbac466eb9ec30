"""Whom broadcasts are for, in MongoDB: people by their accounts and subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from belfry.adapters.mongo.database import Database, translated
from belfry.broadcast import AudienceKind, Broadcast


class MongoAudiences:
    """In the order of their ids."""

    def __init__(self, database: Database) -> None:
        self._users = database.users
        self._subscriptions = database.subscriptions

    @translated
    def missing(self, user_ids: Collection[str]) -> Collection[str]:
        found = self._users.find({"_id": {"$in": list(user_ids)}}, {"_id": True})
        return set(user_ids) - {document["_id"] for document in found}

    @translated
    def size(self, broadcast: Broadcast) -> int:
        if broadcast.to.kind is AudienceKind.TOPIC:
            return self._subscriptions.count_documents({"topic": broadcast.to.topic})
        return self._users.count_documents({"_id": {"$lt": broadcast.id}})

    @translated
    def next(self, broadcast: Broadcast, limit: int) -> Sequence[str]:
        if broadcast.to.kind is AudienceKind.TOPIC:
            which = {"topic": broadcast.to.topic, "user_id": {"$gt": broadcast.after}}
            followers = self._subscriptions.find(which, {"_id": False, "user_id": True})
            return [each["user_id"] for each in followers.sort("user_id").limit(limit)]
        which = {"_id": {"$gt": broadcast.after, "$lt": broadcast.id}}
        people = self._users.find(which, {"_id": True}).sort("_id").limit(limit)
        return [each["_id"] for each in people]
