"""The database and the queue of a runner: its own, or those that the environment names."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack

from belfry import wiring
from belfry.errors import ConfigurationError, QueueUnavailable
from belfry.settings import Settings
from gateway.spec import Spec
from local_runner.command.embedded_queue import EmbeddedQueue
from local_runner.command.home import Home
from local_runner.event_source import Consumer
from local_runner.rabbitmq_source import NotDeclared, RabbitConsumer
from local_runner.servers.mongod import EmbeddedMongod
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq

log = logging.getLogger(__name__)


def start_mongodb(home: Home, started: ExitStack) -> str:
    """Start a MongoDB unless MONGODB_URI names one; answers which it is, for people."""
    if os.environ.get("MONGODB_URI"):
        return "the one of MONGODB_URI"
    mongod = started.enter_context(EmbeddedMongod(home.mongod))
    os.environ["MONGODB_URI"] = mongod.uri
    return f"embedded, data in {home.mongod}"


def start_rabbitmq(home: Home, started: ExitStack) -> str:
    """Start a RabbitMQ; answers which it is, for people."""
    if os.environ.get("RABBITMQ_URL"):
        raise ConfigurationError("RABBITMQ_URL names a broker already: leave out --rabbitmq.")
    server = started.enter_context(EmbeddedRabbitmq(home.rabbitmq))
    os.environ["RABBITMQ_URL"] = server.uri
    return f"RabbitMQ, data in {home.rabbitmq}"


def queue_of(spec: Spec) -> tuple[wiring.Deps, Consumer]:
    """The parts that publish, and who consumes: RabbitMQ where RABBITMQ_URL names one."""
    parts = wiring.Deps()
    parts.settings.check()
    url = parts.settings.rabbitmq_url
    if url is None:
        queue = EmbeddedQueue(spec.queues)
        return wiring.Deps(queue=queue), queue
    _ = parts.queue  # a wrong address must stop the start

    def declare_again() -> None:
        try:
            parts.declare_topology()
        except (QueueUnavailable, ConfigurationError) as error:
            raise NotDeclared(str(error)) from error

    try:
        parts.declare_topology()
    except QueueUnavailable as error:
        # The outbox keeps what is accepted meanwhile.
        log.warning("%s Belfry starts without it.", error)
    batch_sizes = {name: trigger.batch_size for name, trigger in spec.queues.items()}
    return parts, RabbitConsumer(url, batch_sizes, declare_again)


def addresses(settings: Settings) -> Mapping[str, str]:
    """What other commands need to reach the same parts."""
    queue = {"RABBITMQ_URL": settings.rabbitmq_url} if settings.rabbitmq_url else {}
    return {"MONGODB_URI": settings.mongodb_uri, **queue}
