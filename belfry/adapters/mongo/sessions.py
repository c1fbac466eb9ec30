"""Open connections and tickets in MongoDB. What nobody removed goes by itself (TTL indexes)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from pymongo import WriteConcern

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.model import Caller, Connection, Role

SILENCE = timedelta(minutes=11)
"""API Gateway ends a WebSocket after ten minutes of silence; `$disconnect` is best effort."""

LIFETIME = timedelta(hours=2, minutes=5)
"""And after two hours in any case."""


class MongoConnections:
    """One document per open WebSocket."""

    def __init__(self, database: Database) -> None:
        self._connections = database.connections
        # A renewal that is lost with a server is made up for by the next one.
        self._hasty = database.connections.with_options(write_concern=WriteConcern(w=1, j=False))

    @translated
    def add(self, connection: Connection) -> None:
        self._add(connection, connection.connected_at)

    @translated
    def renew(self, connection: Connection, now: datetime) -> None:
        change = {"$set": {"expires_at": _expires_at(connection, now)}}
        renewed = self._hasty.update_one({"_id": connection.id}, change)
        if not renewed.matched_count:
            self._add(connection, now)

    def _add(self, connection: Connection, heard_at: datetime) -> None:
        document = {
            "_id": connection.id,
            "user_id": connection.user_id,
            "endpoint": connection.endpoint,
            "connected_at": connection.connected_at,
            "expires_at": _expires_at(connection, heard_at),
        }
        self._connections.replace_one({"_id": connection.id}, document, upsert=True)

    @translated
    def remove(self, ids: Collection[str]) -> None:
        self._connections.delete_many({"_id": {"$in": list(ids)}})

    @translated
    def of_users(self, user_ids: Collection[str]) -> Sequence[Connection]:
        if not user_ids:
            return []
        found = self._connections.find({"user_id": {"$in": list(user_ids)}})
        return [connection_from_document(document) for document in found]


class MongoTickets:
    """One document per ticket, under its hash: reading the database opens no WebSocket."""

    def __init__(self, database: Database) -> None:
        self._tickets = database.tickets

    @translated
    def add(self, ticket: str, caller: Caller, expires_at: datetime) -> None:
        document = {
            "_id": _digest(ticket),
            "user_id": caller.user_id,
            "role": caller.role.value,
            "expires_at": expires_at,
        }
        self._tickets.insert_one(document)

    @translated
    def redeem(self, ticket: str, now: datetime) -> Caller | None:
        # TTL indexes delete late, so the time is asked for as well.
        document = self._tickets.find_one_and_delete(
            {"_id": _digest(ticket), "expires_at": {"$gt": now}}
        )
        return Caller(document["user_id"], Role(document["role"])) if document else None


def _expires_at(connection: Connection, heard_at: datetime) -> datetime:
    return min(heard_at + SILENCE, connection.connected_at + LIFETIME)


def connection_from_document(document: Document) -> Connection:
    return Connection(
        document["_id"], document["user_id"], document["endpoint"], document["connected_at"]
    )


def _digest(ticket: str) -> bytes:
    return sha256(ticket.encode()).digest()
