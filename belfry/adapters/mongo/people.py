"""People in MongoDB: found by the beginning of a name or an address, always by an index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from pymongo import ASCENDING

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.sessions import connection_from_document
from belfry.adapters.mongo.users import name_key, user_from_document
from belfry.model import Connection, OnlineTotals, User

AFTER_ALL = "\U0010ffff"
"""Put after a prefix it is above every text that begins with it."""

_SHOWN = {"password_hash": False}


class MongoPeople:
    """The port `People`, over the accounts."""

    def __init__(self, database: Database) -> None:
        self._users = database.users

    @translated
    def by_ids(self, ids: Collection[str]) -> Mapping[str, User]:
        found = self._users.find({"_id": {"$in": list(ids)}}, _SHOWN)
        return {document["_id"]: user_from_document(document) for document in found}

    @translated
    def named(self, prefix: str, *, after: User | None, limit: int) -> Sequence[User]:
        last = name_key(after.username, after.id) if after else None
        return self._sorted("name_key", {"name_key": _range(prefix, last)}, limit)

    @translated
    def addressed(
        self, prefix: str, *, but_named: str, after: User | None, limit: int
    ) -> Sequence[User]:
        query = {
            "email": _range(prefix, after.email if after else None),
            "name_key": {"$not": _range(but_named, None)},
        }
        return self._sorted("email", query, limit)

    def _sorted(self, field: str, query: Document, limit: int) -> Sequence[User]:
        found = self._users.find(query, _SHOWN).sort(field, ASCENDING).limit(limit)
        return [user_from_document(document) for document in found]


class MongoPresence:
    """The port `Presence`, over the connections."""

    def __init__(self, database: Database) -> None:
        self._connections = database.connections

    @translated
    def people(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[Connection]]:
        query = {"user_id": {"$gt": after or ""}}
        people: dict[str, Sequence[Connection]] = {}
        # Read as far as the last of them, and no further.
        with self._connections.find(query).sort("user_id", ASCENDING) as found:
            for user_id, theirs in groupby(found, key=lambda document: document["user_id"]):
                if len(people) == limit:
                    break
                people[user_id] = _by_age(theirs)
        return people

    @translated
    def totals(self) -> OnlineTotals:
        # Sorted, so that the index on the people is all that is read.
        pipeline: list[Document] = [
            {"$sort": {"user_id": ASCENDING}},
            {"$group": {"_id": "$user_id", "connections": {"$sum": 1}}},
            {
                "$group": {
                    "_id": None,
                    "people": {"$sum": 1},
                    "connections": {"$sum": "$connections"},
                }
            },
        ]
        for found in self._connections.aggregate(pipeline):
            return OnlineTotals(found["people"], found["connections"])
        return OnlineTotals()


def _range(prefix: str, after: str | None) -> Document:
    lowest = {"$gte": prefix} if after is None else {"$gt": after}
    return {**lowest, "$lt": prefix + AFTER_ALL}


def _by_age(documents: Iterable[Document]) -> Sequence[Connection]:
    connections = [connection_from_document(document) for document in documents]
    return sorted(connections, key=lambda each: (each.connected_at, each.id))
