"""RabbitMQ as an event source: batches, windows, and what a failing function does to a batch."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pika
import pytest
from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent
from websockets.sync.client import ClientConnection

from tests.conformance.sockets import connection_id, received
from tests.conformance.stack import Stack

MEGABYTE = 1024 * 1024
BASIC_PROPERTIES = {
    "contentType", "contentEncoding", "headers", "deliveryMode", "priority", "correlationId",
    "replyTo", "expiration", "messageId", "timestamp", "type", "userId", "appId", "clusterId",
    "bodySize",
}  # fmt: skip


class Queue:
    """The broker's side and the function's side of the queues, for one test."""

    def __init__(self, channel: Any, socket: ClientConnection) -> None:
        self._channel = channel
        self._socket = socket
        self.witness = connection_id(socket)

    def publish(
        self, queue: str, *, fill: int = 0, properties: dict[str, Any] | None = None, **fields: Any
    ) -> str:
        """Publish a message, and answer its name. `fields` are orders to the function."""
        name = uuid4().hex
        message = {"name": name, "witness": self.witness, "fill": "x" * fill, **fields}
        body = json.dumps(message).encode()
        given = pika.BasicProperties(**(properties or {}))
        self._channel.basic_publish("", f"conformance.{queue}", body, given)
        return name

    def batch(self) -> dict[str, Any]:
        """What the function tells of the next batch."""
        report: dict[str, Any] = received(self._socket)
        return report


@pytest.fixture
def queue(broker: str, queues: Stack) -> Iterator[Queue]:
    with (
        pika.BlockingConnection(pika.URLParameters(broker)) as connection,
        queues.socket() as socket,
    ):
        yield Queue(connection.channel(), socket)


def records(report: dict[str, Any]) -> list[dict[str, Any]]:
    [batch] = report["event"]["rmqMessagesByQueue"].values()
    found: list[dict[str, Any]] = batch
    return found


def names(report: dict[str, Any]) -> list[str]:
    return [record["data"]["name"] for record in records(report)]


@pytest.mark.line("MQ-1b", "MQ-6a", "MQ-5")
def test_a_batch_has_the_fields_of_aws(queue: Queue) -> None:
    properties = {
        "headers": {"x-kind": "email", "x-attempt": 2},
        "content_type": "application/json",
        "delivery_mode": 2,
        "message_id": "m-1",
        "expiration": "60000",
        "priority": 5,
    }
    name = queue.publish("defaults", properties=properties)
    event = queue.batch()["event"]
    assert set(event) == {"eventSource", "eventSourceArn", "rmqMessagesByQueue"}
    assert event["eventSource"] == "aws:rmq"
    [(key, [record])] = event["rmqMessagesByQueue"].items()
    assert key == "conformance.defaults::/"
    assert set(record) == {"basicProperties", "redelivered", "data"}
    found = record["basicProperties"]
    assert set(found) == BASIC_PROPERTIES
    assert found["headers"]["x-kind"] == {"bytes": list(b"email")}
    assert found["headers"]["x-attempt"] == 2
    assert (found["contentType"], found["deliveryMode"]) == ("application/json", 2)
    assert (found["messageId"], found["expiration"]) == ("m-1", "60000")
    assert found["priority"] == 5
    assert found["bodySize"] == len(json.dumps({**record["data"], "fill": ""}))
    assert record["redelivered"] is False
    assert record["data"]["name"] == name
    [read] = RabbitMQEvent(event).rmq_messages_by_queue["conformance.defaults::/"]
    assert read.basic_properties.message_id == "m-1"


@pytest.mark.line("MQ-1b", "MQ-1d")
def test_the_window_of_half_a_second_begins_with_the_first_record(queue: Queue) -> None:
    published = []
    began = time.time()
    while time.time() - began < 1.6:
        published.append(queue.publish("defaults"))
        time.sleep(0.1)
    reports: list[dict[str, Any]] = []
    while sum(len(records(report)) for report in reports) < len(published):
        reports.append(queue.batch())
    assert [name for report in reports for name in names(report)] == published
    # A window that began again with each record would have given one batch of all.
    assert len(reports) > 1
    assert len(records(reports[0])) > 1
    assert reports[0]["began"] - began >= 0.45


@pytest.mark.line("MQ-1b", "MQ-1c")
def test_a_batch_has_a_hundred_records_unless_it_is_told_otherwise(queue: Queue) -> None:
    published = [queue.publish("defaults") for _ in range(150)]
    reports = [queue.batch() for _ in range(2)]
    assert [names(report) for report in reports] == [published[:100], published[100:]]


@pytest.mark.line("MQ-1c")
def test_a_full_batch_does_not_wait_for_the_end_of_the_window(queue: Queue) -> None:
    began = time.monotonic()
    published = [queue.publish("threes") for _ in range(6)]
    assert [names(queue.batch()) for _ in range(2)] == [published[:3], published[3:]]
    assert time.monotonic() - began < 30  # the window is of 300 seconds


@pytest.mark.line("MQ-1e")
def test_a_batch_ends_before_6_megabytes(queue: Queue) -> None:
    began = time.monotonic()
    large = [queue.publish("threes", fill=3 * MEGABYTE) for _ in range(3)]
    assert [names(queue.batch()) for _ in range(2)] == [[name] for name in large[:2]]
    # The third waits for two more, which still fit beside it.
    small = [queue.publish("threes") for _ in range(2)]
    assert names(queue.batch()) == [large[2], *small]
    assert time.monotonic() - began < 30  # the window is of 300 seconds


@pytest.mark.line("MQ-4b")
def test_a_record_over_6_megabytes_is_dropped(queue: Queue) -> None:
    queue.publish("singles", fill=7 * MEGABYTE)
    name = queue.publish("singles")
    report = queue.batch()
    assert names(report) == [name]
    assert records(report)[0]["redelivered"] is False


@pytest.mark.line("MQ-2b")
def test_a_mapping_has_one_invocation_at_a_time(queue: Queue) -> None:
    for _ in range(3):
        queue.publish("singles", seconds=0.2)
    reports = [queue.batch() for _ in range(3)]
    for earlier, later in pairwise(reports):
        assert earlier["ended"] <= later["began"]


@pytest.mark.line("MQ-2a")
def test_queues_are_mapped_one_by_one(queue: Queue) -> None:
    published = {queue.publish("singles"), queue.publish("defaults")}
    reports = [queue.batch() for _ in range(2)]
    assert {report["queue"] for report in reports} == {
        "conformance.singles::/",
        "conformance.defaults::/",
    }
    assert {name for report in reports for name in names(report)} == published


@pytest.mark.line("MQ-3a", "MQ-3c")
def test_a_failing_batch_comes_again_whole_and_marked_until_it_succeeds(queue: Queue) -> None:
    published = [queue.publish("threes", failures=3) for _ in range(3)]
    reports = [queue.batch() for _ in range(4)]
    assert [names(report) for report in reports] == [published] * 4
    marks = [{record["redelivered"] for record in records(report)} for report in reports]
    assert marks == [{False}, {True}, {True}, {True}]


@pytest.mark.line("MQ-3b")
def test_there_is_no_answer_that_gives_a_part_of_the_batch_back(queue: Queue) -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": "0"}]}
    first = [queue.publish("threes", answer=answer) for _ in range(3)]
    assert names(queue.batch()) == first
    second = [queue.publish("threes") for _ in range(3)]
    assert names(queue.batch()) == second
