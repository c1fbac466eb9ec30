"""Consuming RabbitMQ: messages that cannot even be decoded, and connections that break."""

from __future__ import annotations

import struct
import time
from dataclasses import replace
from typing import Any

import pika
import pytest

from belfry.adapters.rabbitmq.queue import RabbitQueue
from belfry.ports import Message
from belfry.topology import DEAD_LETTERS, EXCHANGE, UNREADABLE, Topology, topology
from local_runner.queue_event import queue_event
from local_runner.rabbitmq_source import RabbitConsumer
from tests.contract.brokers import NAME, RETRY, ConsumedBroker, RabbitBroker, empty

SECONDS = 30.0
LIMIT = 2

LATE = b"\x01tT" + struct.pack(">Q", 2**63)  # a time beyond all calendars
DEEP = b""  # tables in tables
for _ in range(2000):
    DEEP = b"\x01tF" + struct.pack(">I", len(DEEP)) + DEEP


class Headers(pika.BasicProperties):  # type: ignore[misc]  # pika ships no types
    """Any bytes at all."""

    def __init__(self, table: bytes) -> None:
        super().__init__()
        self._table = table

    def encode(self) -> list[bytes]:
        flags = struct.pack(">H", pika.BasicProperties.FLAG_HEADERS)
        return [flags, struct.pack(">I", len(self._table)), self._table]


def impatient() -> Topology:
    """The topology, with a broker that gives up soon."""
    wanted = topology(RETRY)
    queues = (
        replace(each, arguments={**each.arguments, "x-delivery-limit": LIMIT})
        if "x-delivery-limit" in each.arguments
        else each
        for each in wanted.queues
    )
    return replace(wanted, queues=tuple(queues))


@pytest.mark.parametrize("table", [LATE, DEEP], ids=["late", "deep"])
def test_a_message_that_cannot_be_decoded_is_put_aside_and_the_queues_go_on(
    rabbitmq_url: str, table: bytes
) -> None:
    broker = RabbitBroker(rabbitmq_url, impatient())
    try:
        with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish(EXCHANGE, NAME, b"poison", Headers(table))
            deadline = time.monotonic() + SECONDS
            while not channel.queue_declare(UNREADABLE, passive=True).method.message_count:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        for name in (NAME, DEAD_LETTERS):
            broker.queue.publish([Message(name, b"good")])
            assert broker.next(name, 1)[0].body == b"good"
    finally:
        broker.close()


def test_a_trigger_outlives_headers_that_no_event_can_hold(rabbitmq_url: str) -> None:
    nested: list[Any] = []
    for _ in range(700):
        nested = [nested]
    broker = RabbitBroker(rabbitmq_url)
    try:
        with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
            properties = pika.BasicProperties(headers={"deep": nested})
            connection.channel().basic_publish(EXCHANGE, NAME, b"{}", properties)
        [received] = broker.receive(NAME, 1)
    finally:
        broker.close()
    [record] = queue_event(NAME, [received])["rmqMessagesByQueue"][f"{NAME}::/"]
    told = bytes(record["basicProperties"]["headers"]["deep"]["bytes"])
    assert told == b"(nested too deeply)"


def test_a_connection_that_breaks_while_the_queues_are_declared_is_tried_again(
    rabbitmq_url: str,
) -> None:
    asked: list[int] = []

    def declare() -> None:
        asked.append(1)
        if len(asked) == 1:
            raise RuntimeError("whatever")

    consumer = RabbitConsumer(rabbitmq_url, {NAME: 1}, declare)
    empty(rabbitmq_url, topology(RETRY))
    queue = RabbitQueue(rabbitmq_url)
    broker = ConsumedBroker(queue, consumer)
    try:
        queue.publish([Message(NAME, b"1")])
        assert broker.next(NAME, 1)[0].body == b"1"
    finally:
        broker.close()
        queue.close()


def test_a_queue_that_is_deleted_is_declared_and_consumed_again(rabbitmq_url: str) -> None:
    broker = RabbitBroker(rabbitmq_url)
    try:
        broker.queue.publish([Message(NAME, b"1")])
        assert broker.next(NAME, 1)[0].body == b"1"
        with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
            connection.channel().queue_delete(NAME)
        broker.publish_until_taken(Message(NAME, b"2"))
        assert broker.next(NAME, 1)[0].body == b"2"
    finally:
        broker.close()
