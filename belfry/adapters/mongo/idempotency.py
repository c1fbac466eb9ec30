"""The idempotency keys in MongoDB: one document each, which goes by itself after a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.idempotency import KEPT, Key, Record


class MongoIdempotencyKeys:
    """The port `IdempotencyKeys`: each method is one update of one document."""

    def __init__(self, database: Database) -> None:
        self._keys = database.idempotency_keys

    @translated
    def claim(self, key: Key, holder: str, now: datetime, until: datetime) -> Record:
        try:
            return self._claim(key, holder, now, until)
        except DuplicateKeyError:  # of two first ones the other was faster
            return self._claim(key, holder, now, until)

    def _claim(self, key: Key, holder: str, now: datetime, until: datetime) -> Record:
        document = self._keys.find_one_and_update(
            _id(key),
            [{"$replaceWith": _claimed(key, holder, now, until)}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert document is not None  # an upsert finds what it has made
        return Record(
            document["fingerprint"],
            document["reserved_id"],
            document["holder"],
            document.get("answer"),
        )

    @translated
    def keep(self, key: Key, holder: str, answer: Mapping[str, Any]) -> None:
        self._keys.update_one(_held(key, holder), {"$set": {"answer": answer}})

    @translated
    def release(self, key: Key, holder: str, now: datetime) -> None:
        self._keys.update_one(_held(key, holder), {"$set": {"leased_until": now}})

    @translated
    def forget(self, key: Key, holder: str) -> None:
        self._keys.delete_one(_held(key, holder))


def _id(key: Key) -> Document:
    return {"_id": {"user_id": key.user_id, "key": key.key}}


def _held(key: Key, holder: str) -> Document:
    return {**_id(key), "holder": holder}


def _claimed(key: Key, holder: str, now: datetime, until: datetime) -> Document:
    """The expression for the document as it is after a claim.

    TTL indexes delete late, so a day's end is asked for as well.
    """
    first = {
        "_id": "$_id",
        "fingerprint": key.fingerprint,
        "reserved_id": holder,
        "holder": holder,
        "leased_until": until,
        "expires_at": now + KEPT,
    }
    is_new = {"$lte": [{"$ifNull": ["$expires_at", now]}, now]}
    is_free = {
        "$and": [
            {"$eq": ["$fingerprint", key.fingerprint]},
            {"$lte": ["$leased_until", now]},
            {"$eq": [{"$type": "$answer"}, "missing"]},
        ]
    }
    again = {"$mergeObjects": ["$$ROOT", {"holder": holder, "leased_until": until}]}
    return {
        "$switch": {
            "branches": [{"case": is_new, "then": first}, {"case": is_free, "then": again}],
            "default": "$$ROOT",
        }
    }
