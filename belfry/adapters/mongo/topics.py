"""Who follows which topic, in MongoDB: one document for each person and topic."""

from __future__ import annotations

from collections.abc import Sequence

from belfry.adapters.mongo.database import Database, translated


class MongoSubscriptions:
    """A unique index keeps each single."""

    def __init__(self, database: Database) -> None:
        self._subscriptions = database.subscriptions

    @translated
    def add(self, user_id: str, topic: str) -> None:
        own = {"topic": topic, "user_id": user_id}
        self._subscriptions.update_one(own, {"$setOnInsert": own}, upsert=True)

    @translated
    def remove(self, user_id: str, topic: str) -> None:
        self._subscriptions.delete_one({"topic": topic, "user_id": user_id})

    @translated
    def of(self, user_id: str, limit: int) -> Sequence[str]:
        found = self._subscriptions.find({"user_id": user_id}, {"_id": False, "topic": True})
        return [document["topic"] for document in found.sort("topic").limit(limit)]
