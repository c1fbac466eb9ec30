"""The dead letters in MongoDB: one document per message; a unique fingerprint keeps it single."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.model import DeadLetter, DeadLetterFilter, DeadReason, first_id_of

BATCH_BYTES = 4 * 1024 * 1024
"""About how much of bodies is read at a time."""

_WITHOUT_CONTENT = {"body": False, "headers": False}


class MongoDeadLetters:
    """Ids are UUIDv7, so a time is a range of ids, and each filter an index that ends with them."""

    def __init__(self, database: Database) -> None:
        self._letters = database.dead_letters

    @translated
    def bury(self, letters: Sequence[DeadLetter]) -> None:
        changes = [change for letter in letters for change in (_again(letter), _first(letter))]
        if changes:
            self._letters.bulk_write(changes)

    @translated
    def get(self, letter_id: str) -> DeadLetter | None:
        document = self._letters.find_one({"_id": letter_id})
        return _from_document(document) if document else None

    @translated
    def page(
        self, which: DeadLetterFilter, *, before: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        found = self._letters.find(_query(which, before=before), _WITHOUT_CONTENT)
        return [_from_document(each) for each in found.sort("_id", DESCENDING).limit(limit)]

    @translated
    def oldest(
        self, which: DeadLetterFilter, *, after: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        letters: list[DeadLetter] = []
        size = 0
        found = self._letters.find(_query(which, after=after)).sort("_id", ASCENDING).limit(limit)
        with found:
            for document in found:
                size += len(document["body"])
                if size > BATCH_BYTES and letters:
                    break
                letters.append(_from_document(document))
        return letters

    @translated
    def remove(self, letters: Sequence[DeadLetter]) -> int:
        if not letters:
            return 0
        unchanged = [DeleteOne({"_id": each.id, "last_at": each.last_at}) for each in letters]
        return self._letters.bulk_write(unchanged, ordered=False).deleted_count

    @translated
    def count(self, which: DeadLetterFilter) -> int:
        return self._letters.count_documents(_query(which))


def _query(
    which: DeadLetterFilter, *, before: str | None = None, after: str | None = None
) -> Document:
    # A bound always, because counting everything would not use the index.
    lowest = first_id_of(which.since) if which.since else ""
    ids: Document = {"$gte": lowest}
    if after is not None and after >= lowest:
        ids = {"$gt": after}
    upper = [first_id_of(which.until)] if which.until else []
    upper += [before] if before is not None else []
    if upper:
        ids["$lt"] = min(upper)
    query: Document = {"_id": ids}
    if which.reason is not None:
        query["reason"] = which.reason.value
    if which.user_id is not None:
        query["user_id"] = which.user_id
    return query


def _again(letter: DeadLetter) -> UpdateOne:
    """What a later death changes; the same one, come once more, or an earlier one does nothing."""
    last = {
        "reason": letter.reason.value,
        "error": letter.error,
        "attempts": letter.attempts,
        "last_at": letter.last_at,
    }
    died_before = {"fingerprint": letter.fingerprint, "last_at": {"$lt": letter.last_at}}
    return UpdateOne(died_before, {"$set": last, "$inc": {"times": 1}})


def _first(letter: DeadLetter) -> UpdateOne:
    return UpdateOne(
        {"fingerprint": letter.fingerprint}, {"$setOnInsert": _to_document(letter)}, upsert=True
    )


def _to_document(letter: DeadLetter) -> Document:
    """Headers are kept as JSON text: their names may be any, and BSON's may not."""
    optional = {"notification_id": letter.notification_id, "user_id": letter.user_id}
    return {
        "_id": letter.id,
        "queue": letter.queue,
        "reason": letter.reason.value,
        "error": letter.error,
        "attempts": letter.attempts,
        "first_at": letter.first_at,
        "last_at": letter.last_at,
        "times": letter.times,
        "size": letter.size,
        "body": letter.body,
        "headers": json.dumps(letter.headers),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _from_document(document: Document) -> DeadLetter:
    headers: dict[str, Any] = json.loads(document.get("headers", "{}"))
    return DeadLetter(
        id=document["_id"],
        fingerprint=document["fingerprint"],
        queue=document["queue"],
        reason=DeadReason(document["reason"]),
        error=document["error"],
        attempts=document["attempts"],
        first_at=document["first_at"],
        last_at=document["last_at"],
        size=document["size"],
        body=document.get("body", b""),
        headers=headers,
        notification_id=document.get("notification_id"),
        user_id=document.get("user_id"),
        times=document["times"],
    )
