"""What a run is made on: two runners with one MongoDB and one RabbitMQ, and people."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
from pika.exceptions import AMQPError
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from belfry.adapters.mongo.database import Database, Document
from belfry.retry import RetryPolicy
from belfry.topology import consumed_queues, topology
from local_runner.command.home import Home
from local_runner.servers.mongod import EmbeddedMongod
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq
from tests.chaos.faults import MONGODB, RABBITMQ, RUNNERS
from tests.chaos.ledger import QueueState
from tests.chaos.parts import Part, RunnerPart, ServerPart
from tests.chaos.record import Person
from tests.runner import Belfry

PATIENCE_SECONDS = 2.0
CONSUMED = set(consumed_queues())
"""Each runner consumes these."""


@dataclass(frozen=True, slots=True)
class World:
    """All that was started. Setting `over` ends all waits for its parts."""

    runners: Sequence[RunnerPart]
    parts: Mapping[str, Part]
    mongodb_uri: str
    rabbitmq_url: str
    over: threading.Event

    @property
    def urls(self) -> Sequence[str]:
        return [runner.belfry.url for runner in self.runners]

    def admin_token(self) -> str:
        return self.runners[0].belfry.admin_token()

    def people(self, count: int) -> Sequence[Person]:
        """New accounts."""
        found = (self.runners[0].belfry.person(f"person{number}") for number in range(count))
        return [Person(user["id"], token) for user, token in found]

    def stored(self) -> int:
        """How many notifications there are."""
        with _notifications(self.mongodb_uri) as notifications:
            return notifications.count_documents({})

    def on_the_way(self) -> Sequence[str]:
        """The ids of those that are not yet dispatched."""
        with _notifications(self.mongodb_uri) as notifications:
            found = notifications.find({"dispatch_by": {"$exists": True}}, {"_id": True})
            return [document["_id"] for document in found]

    def queues(self) -> Mapping[str, QueueState]:
        """How each queue is. Raises AMQPError."""
        connection = pika.BlockingConnection(_parameters(self.rabbitmq_url))
        channel = connection.channel()
        states = {}
        for queue in topology(RetryPolicy()).queues:
            found = channel.queue_declare(queue.name, passive=True).method
            wanted = len(self.runners) if queue.name in CONSUMED else 0
            missing = max(0, wanted - found.consumer_count)
            states[queue.name] = QueueState(found.message_count, missing)
        connection.close()
        return states


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start everything, and end all of it, paused or not. Raises ChaosError."""
    over = threading.Event()
    mongod, rabbitmq = EmbeddedMongod(folder / "mongod"), EmbeddedRabbitmq(folder / "rabbitmq")
    servers = [
        ServerPart(MONGODB, mongod, lambda: _is_primary(mongod.uri), over),
        ServerPart(RABBITMQ, rabbitmq, lambda: _takes_connections(rabbitmq.uri), over),
    ]
    with ExitStack() as started:
        for server in servers:
            started.callback(server.close)
            server.start()
        environment = {
            **Home(folder / "shared").environment(),
            "MONGODB_URI": mongod.uri,
            "RABBITMQ_URL": rabbitmq.uri,
        }
        runners = []
        for name in RUNNERS:
            belfry = Belfry(folder / name.replace(" ", "-"), environment)
            runners.append(RunnerPart(name, belfry, over))
            started.callback(runners[-1].close)
            runners[-1].start()
        started.callback(over.set)
        yield World(
            runners=runners,
            parts={part.name: part for part in (*servers, *runners)},
            mongodb_uri=mongod.uri,
            rabbitmq_url=rabbitmq.uri,
            over=over,
        )


@contextmanager
def _notifications(uri: str) -> Iterator[Collection[Document]]:
    database = Database.connect(uri, "belfry")
    try:
        yield database.notifications
    finally:
        database.client.close()


def _is_primary(uri: str) -> bool:
    try:
        with MongoClient[Document](uri, timeoutMS=PATIENCE_SECONDS * 1000) as client:
            return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False


def _takes_connections(url: str) -> bool:
    try:
        pika.BlockingConnection(_parameters(url)).close()
    except (AMQPError, OSError):
        return False
    return True


def _parameters(url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.stack_timeout = PATIENCE_SECONDS
    return parameters
