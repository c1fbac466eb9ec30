"""The connection to MongoDB, its collections and indexes, and the translation of its errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pymongo
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.errors import ConfigurationError as MongoConfigurationError
from pymongo.errors import (
    ConnectionFailure,
    InvalidName,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)

from belfry.errors import ConfigurationError, StoreUnavailable
from belfry.model import DeliveryState

P = ParamSpec("P")
T = TypeVar("T")
Document = dict[str, Any]

OPERATION_MS = 5000

CONNECT_MS = 3000
"""For a connection, and for each of the two questions to the DNS that `mongodb+srv://` asks.

The driver takes twenty seconds for either, and functions have ten for all that they do.
"""

LONGEST_INDEX_SECONDS = 3600.0
"""For an index over what is there already. One that is cut off is given up, and begins anew."""

STATISTICS_SECONDS = 24 * 60 * 60

UNDELIVERED = [
    state.value for state in (DeliveryState.QUEUED, DeliveryState.FAILED, DeliveryState.CANCELLED)
]
"""The states in which copies of a broadcast are counted: few of them, or not for long."""


def translated(call: Callable[P, T]) -> Callable[P, T]:
    """Turn a driver's error that passes by itself into StoreUnavailable; others are bugs.

    But for an address that turns out to be none when it is looked up: ConfigurationError.
    """

    @wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except PyMongoError as error:
            if _passes(error):
                raise StoreUnavailable("The database does not answer. Try again.") from error
            if isinstance(error, MongoConfigurationError):
                raise _not_usable(error) from None
            raise

    return wrapper


class Database:
    """Belfry's collections. Writes are majority and journaled: what was answered stays."""

    def __init__(self, client: MongoClient[Document], name: str) -> None:
        self.client = client
        database = client[name]
        self.users: Collection[Document] = database["users"]
        self.notifications: Collection[Document] = database["notifications"]
        self.inboxes: Collection[Document] = database["inboxes"]
        self.categories: Collection[Document] = database["categories"]
        self.connections: Collection[Document] = database["connections"]
        self.tickets: Collection[Document] = database["tickets"]
        self.dead_letters: Collection[Document] = database["dead_letters"]
        self.meta: Collection[Document] = database["meta"]
        self.idempotency_keys: Collection[Document] = database["idempotency_keys"]
        self.statistics: Collection[Document] = database["statistics"]
        self.broadcasts: Collection[Document] = database["broadcasts"]
        self.subscriptions: Collection[Document] = database["subscriptions"]
        self.leavings: Collection[Document] = database["leavings"]

    @classmethod
    def connect(cls, uri: str, name: str) -> Database:
        """Connect when first used. Raises ConfigurationError for an address that is none.

        Whether a host of `mongodb+srv://` is there is seen by the first operation.
        """
        try:
            client: MongoClient[Document] = MongoClient(
                uri,
                tz_aware=True,
                timeoutMS=OPERATION_MS,
                connectTimeoutMS=CONNECT_MS,
                connect=False,  # as the driver has it on Lambda
                w="majority",
                journal=True,
                readConcernLevel="majority",
                appname="belfry",
            )
        except (InvalidURI, MongoConfigurationError, ValueError) as error:
            raise _not_usable(error) from None
        try:
            return cls(client, name)
        except InvalidName as error:
            client.close()
            raise ConfigurationError(f"MONGODB_DATABASE is not usable: {error}") from None

    def check(self) -> None:
        """Raise StoreUnavailable when the database does not answer."""
        translated(self.client.admin.command)("ping")

    @translated
    def migrate(self) -> None:
        """Create collections, indexes and constraints. Doing it again changes nothing.

        Raises ConfigurationError for a server that refuses us or has no transactions.
        """
        try:
            hello = self.client.admin.command("hello")
            if "setName" not in hello and hello.get("msg") != "isdbgrid":
                raise ConfigurationError("MONGODB_URI names a server that is no replica set")
            with pymongo.timeout(LONGEST_INDEX_SECONDS):
                self._create_indexes()
        except OperationFailure as error:
            if _passes(error):
                raise
            raise _not_usable(error) from None

    def _create_indexes(self) -> None:
        newest_first = ("_id", DESCENDING)
        self.users.create_index("email", unique=True)
        self.users.create_index("name_key")
        self.notifications.create_index(
            [("user_id", ASCENDING), ("views", ASCENDING), ("order", DESCENDING)],
            partialFilterExpression={"seq": {"$gt": 0}},
        )
        self.notifications.create_index("dispatch_by", sparse=True)
        self.notifications.create_index(
            "order",
            name="scheduled",
            partialFilterExpression={
                "deliver_at": {"$exists": True},
                "state": DeliveryState.QUEUED.value,
            },
        )
        self.notifications.create_index("due_at", sparse=True)
        self.notifications.create_index(
            [("broadcast_id", ASCENDING), ("state", ASCENDING)],
            name="undelivered",
            # The delivered ones, which are most, are what remains.
            partialFilterExpression={
                "broadcast_id": {"$exists": True},
                "state": {"$in": UNDELIVERED},
            },
        )
        # What the first index lacks: those on their way to a person, and not there yet.
        self.notifications.create_index(
            "user_id",
            name="to_come",
            partialFilterExpression={"state": {"$in": UNDELIVERED}},
        )
        self.notifications.create_index("purge_at", expireAfterSeconds=0)
        self.connections.create_index("user_id")
        self.connections.create_index("expires_at", expireAfterSeconds=0)
        self.tickets.create_index("user_id")
        self.tickets.create_index("expires_at", expireAfterSeconds=0)
        self.idempotency_keys.create_index("expires_at", expireAfterSeconds=0)
        self.idempotency_keys.create_index("reserved_id")
        self.statistics.create_index("at", expireAfterSeconds=STATISTICS_SECONDS)
        self.broadcasts.create_index("due_at", sparse=True)
        self.broadcasts.create_index("to.user_ids", sparse=True)
        self.broadcasts.create_index("after")
        by_topic, by_person = ("topic", ASCENDING), ("user_id", ASCENDING)
        self.subscriptions.create_index([by_topic, by_person], unique=True)
        self.subscriptions.create_index([by_person, by_topic])
        self.leavings.create_index("due_at")
        self.dead_letters.create_index("fingerprint", unique=True)
        for fields in (["reason"], ["user_id"], ["user_id", "reason"]):
            named = [(field, ASCENDING) for field in fields]
            self.dead_letters.create_index([*named, newest_first])
        # Inside a transaction a collection is better not created on the fly. An index that it has
        # anyway creates it, also when several runners start together.
        self.inboxes.create_index("_id")
        self.categories.create_index("_id")


def _not_usable(error: Exception) -> ConfigurationError:
    return ConfigurationError(f"MONGODB_URI is not usable: {error}")


def _passes(error: PyMongoError) -> bool:
    if isinstance(error, ConnectionFailure) or error.timeout or _dns_is_away(error):
        return True
    labels = ("RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult")
    return isinstance(error, OperationFailure) and any(map(error.has_error_label, labels))


def _dns_is_away(error: PyMongoError) -> bool:
    """The driver takes any failure to look up `mongodb+srv://` for a wrong address."""
    if not isinstance(error, MongoConfigurationError):
        return False
    # Nobody else needs it: the driver imports it only for such an address, too.
    from dns.exception import Timeout
    from dns.resolver import NoNameservers

    return isinstance(error.__cause__, Timeout | NoNameservers)
