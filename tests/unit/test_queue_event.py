"""The `aws:rmq` event: what the runner builds is what Amazon MQ sends, and what functions read."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent
from hypothesis import given
from hypothesis import strategies as st

from belfry.ports import Message
from belfry.queue_event import messages_of
from local_runner.embedded_queue import Received
from local_runner.queue_event import queue_event

# As Amazon MQ gives them; the values here are made up.
EVENT_KEYS = {"eventSource", "eventSourceArn", "rmqMessagesByQueue"}
RECORD_KEYS = {"basicProperties", "redelivered", "data"}
PROPERTY_KEYS = {
    "contentType",
    "contentEncoding",
    "headers",
    "deliveryMode",
    "priority",
    "correlationId",
    "replyTo",
    "expiration",
    "messageId",
    "timestamp",
    "type",
    "userId",
    "appId",
    "clusterId",
    "bodySize",
}

queues = st.text("abcdefghijklmnopqrstuvwxyz.0123456789", min_size=1)
headers = st.dictionaries(st.text(max_size=20), st.text() | st.integers())


def event_of(*received: Received, queue: str = "belfry.deliver.0") -> dict[str, Any]:
    return queue_event(queue, received)


@given(queues, st.lists(st.tuples(st.binary(), headers, st.booleans()), max_size=5))
def test_messages_come_through_an_event_as_they_were(
    queue: str, content: list[tuple[bytes, dict[str, str | int], bool]]
) -> None:
    messages = [Message(queue, body, headers) for body, headers, _ in content]
    received = [
        Received(message, redelivered)
        for message, (_, _, redelivered) in zip(messages, content, strict=True)
    ]
    # It travels as JSON.
    event = json.loads(json.dumps(event_of(*received, queue=queue)))
    assert list(messages_of(event)) == messages


def test_an_event_has_the_fields_of_amazon_mq() -> None:
    message = Message("belfry.deliver.0", b'{"a": 1}', {"x-kind": "email", "x-attempt": 2})
    event = event_of(Received(message), Received(message, redelivered=True))
    assert event.keys() == EVENT_KEYS
    assert event["eventSource"] == "aws:rmq"
    assert event["eventSourceArn"].startswith("arn:aws:mq:")
    [(key, records)] = event["rmqMessagesByQueue"].items()
    assert key == "belfry.deliver.0::/"
    assert [record["redelivered"] for record in records] == [False, True]
    for record in records:
        assert record.keys() == RECORD_KEYS
        properties = record["basicProperties"]
        assert properties.keys() == PROPERTY_KEYS
        assert properties["headers"] == {
            "x-kind": {"bytes": [101, 109, 97, 105, 108]},
            "x-attempt": 2,
        }
        assert properties["bodySize"] == len(message.body)
        assert (properties["deliveryMode"], properties["priority"]) == (2, 0)
        assert base64.b64decode(record["data"]) == message.body


def test_the_data_class_of_powertools_reads_an_event() -> None:
    message = Message("belfry.deliver.0", b'{"notificationId": "1"}')
    read = RabbitMQEvent(event_of(Received(message)))
    [record] = read.rmq_messages_by_queue["belfry.deliver.0::/"]
    assert record.json_data == {"notificationId": "1"}
    assert record.basic_properties.delivery_mode == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"bytes": list(b"email")}, {"x": "email"}),
        ({"bytes": [-61, -68]}, {"x": "ü"}),  # Java's bytes have a sign
        ({"bytes": [255]}, {"x": "\ufffd"}),
        ({"bytes": []}, {"x": ""}),
        (2, {"x": 2}),
        (0, {"x": 0}),
        # What AWS does not document is not built on.
        (True, {}),
        (1.5, {}),
        (None, {}),
        ("text", {}),
        ([1], {}),
        ({}, {}),
        ({"bytes": "text"}, {}),
        ({"nested": {"bytes": [1]}}, {}),
    ],
)
def test_headers_of_known_kinds_are_read_and_others_left_out(
    value: Any, expected: dict[str, Any]
) -> None:
    event = event_of(Received(Message("belfry.deliver.0", b"")))
    [record] = event["rmqMessagesByQueue"]["belfry.deliver.0::/"]
    record["basicProperties"]["headers"] = {"x": value}
    [message] = messages_of(event)
    assert message.headers == expected


@pytest.mark.parametrize("headers", [None, {}])
def test_a_message_without_headers(headers: Any) -> None:
    event = event_of(Received(Message("belfry.deliver.0", b"1")))
    [record] = event["rmqMessagesByQueue"]["belfry.deliver.0::/"]
    record["basicProperties"]["headers"] = headers
    assert list(messages_of(event)) == [Message("belfry.deliver.0", b"1")]


def test_several_queues_on_another_virtual_host() -> None:
    one, other = event_of(Received(Message("a", b"1"))), event_of(Received(Message("b", b"2")))
    records = [next(iter(e["rmqMessagesByQueue"].values())) for e in (one, other)]
    event = {"rmqMessagesByQueue": {"a::/": records[0], "b::tenant": records[1]}}
    assert [(m.queue, m.body) for m in messages_of(event)] == [("a", b"1"), ("b", b"2")]
