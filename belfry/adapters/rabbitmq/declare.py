"""Declares the topology on a broker. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from belfry.adapters.rabbitmq.connection import parameters, reason_of, told
from belfry.errors import ConfigurationError, QueueUnavailable
from belfry.topology import Binding, BrokerQueue, Declared, Exchange, Topology

HEARTBEAT_SECONDS = 2
"""A broker that falls silent is noticed within a few of them."""

NOT_FOUND = 404
PRECONDITION_FAILED = 406


def apply(url: str, topology: Topology, *, dry_run: bool = False) -> Iterator[Declared]:
    """Declare what is missing, or with `dry_run` only say what that is.

    Of what stands there already it is checked that it has the same settings. AMQP shows no
    bindings, so one counts as missing when its exchange or its queue was.

    Raises QueueUnavailable when the broker cannot be reached, and ConfigurationError for an
    unusable address, wrong credentials, or a part that stands there with other settings.
    """
    with _connected(url) as connection:
        missing: set[str] = set()
        for exchange in topology.exchanges:
            if _declare_exchange(connection, exchange, dry_run):
                missing.add(exchange.name)
            yield Declared(f"{exchange.kind} exchange {exchange.name}", exchange.name in missing)
        for queue in topology.queues:
            declared = _declare_queue(connection, queue, dry_run)
            if declared.was_missing:
                missing.add(declared.part)
            yield declared
        for binding in topology.bindings:
            if not dry_run:
                _bind(connection, binding)
            new = {binding.exchange, f"queue {binding.queue}"} & missing
            yield Declared(f"binding {binding.exchange} → {binding.queue}", bool(new))


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    found = parameters(url)
    found.heartbeat = HEARTBEAT_SECONDS
    try:
        with pika.BlockingConnection(found) as connection:
            yield connection
    except (ProbableAuthenticationError, ProbableAccessDeniedError) as error:
        raise ConfigurationError(
            f"RABBITMQ_URL: the broker refuses us: {reason_of(error)}"
        ) from None
    except ChannelClosedByBroker as error:
        raise _conflict(error) from None
    # The last is no AMQPError: a broker that takes the connection and says nothing.
    except (AMQPError, OSError, AMQPConnectorException) as error:
        raise QueueUnavailable(told(error)) from error


def _conflict(error: ChannelClosedByBroker) -> Exception:
    if error.reply_code != PRECONDITION_FAILED:
        return ConfigurationError(f"RABBITMQ_URL: the broker refuses: {error.reply_text}")
    return ConfigurationError(
        f"RABBITMQ_URL names a broker where something has other settings: {error.reply_text}. "
        "Set RETRY_DELAY_SECONDS as it was, or delete that queue or exchange once it is empty "
        "and apply again."
    )


def _declare_exchange(connection: Any, exchange: Exchange, dry_run: bool) -> bool:
    """Declare it; answers whether it was missing."""
    missing = _is_missing(connection, "exchange_declare", exchange.name)
    if not (missing and dry_run):
        with connection.channel() as channel:
            channel.exchange_declare(exchange.name, exchange.kind, durable=True)
    return missing


def _declare_queue(connection: Any, queue: BrokerQueue, dry_run: bool) -> Declared:
    missing = _is_missing(connection, "queue_declare", queue.name)
    waiting = 0
    if not (missing and dry_run):
        arguments = dict(queue.arguments)
        with connection.channel() as channel:
            answer = channel.queue_declare(queue.name, durable=True, arguments=arguments)
            waiting = answer.method.message_count
    return Declared(f"queue {queue.name}", missing, waiting)


def _is_missing(connection: Any, declare: str, name: str) -> bool:
    channel = connection.channel()
    try:
        getattr(channel, declare)(name, passive=True)
    except ChannelClosedByBroker as error:  # which ends the channel, so each question has its own
        if error.reply_code == NOT_FOUND:
            return True
        raise
    channel.close()
    return False


def _bind(connection: Any, binding: Binding) -> None:
    with connection.channel() as channel:
        channel.queue_bind(binding.queue, binding.exchange, binding.routing_key)
