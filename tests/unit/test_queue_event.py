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
from local_runner.event_source import Received
from local_runner.queue_event import queue_event, record_size

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


def received(message: Message, *, redelivered: bool = False) -> Received:
    return Received(message.body, message.headers, redelivered)


@given(queues, st.lists(st.tuples(st.binary(), headers, st.booleans()), max_size=5))
def test_messages_come_through_an_event_as_they_were(
    queue: str, content: list[tuple[bytes, dict[str, str | int], bool]]
) -> None:
    messages = [Message(queue, body, headers) for body, headers, _ in content]
    batch = [
        Received(message.body, message.headers, redelivered)
        for message, (_, _, redelivered) in zip(messages, content, strict=True)
    ]
    # It travels as JSON.
    event = json.loads(json.dumps(event_of(*batch, queue=queue)))
    assert list(messages_of(event)) == messages


@given(st.lists(st.tuples(st.binary(), headers), max_size=5))
def test_an_event_is_no_larger_than_its_records_are_said_to_be(
    content: list[tuple[bytes, dict[str, str | int]]],
) -> None:
    batch = [Received(body, headers) for body, headers in content]
    empty = len(json.dumps(event_of()))
    size = len(json.dumps(event_of(*batch)))
    said = empty + sum(record_size(received) for received in batch)
    assert said - 10 * len(batch) <= size <= said


def test_an_event_has_the_fields_of_amazon_mq() -> None:
    message = Message("belfry.deliver.0", b'{"a": 1}', {"x-kind": "email", "x-attempt": 2})
    event = event_of(received(message), received(message, redelivered=True))
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
    read = RabbitMQEvent(event_of(received(message)))
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
        (2**70, {"x": 2**70}),
        # What AWS does not document becomes a text to look at, and is not built on.
        (True, {"x": "true"}),
        (1.5, {"x": "1.5"}),
        (float("nan"), {"x": "NaN"}),
        (None, {"x": "null"}),
        ("text", {"x": "text"}),
        ("half a pair \ud800", {"x": "half a pair ?"}),
        ([1], {"x": "[1]"}),
        ({}, {"x": "{}"}),
        ({"bytes": "text"}, {"x": '{"bytes": "text"}'}),
        ({"bytes": [1, "a"]}, {"x": '{"bytes": [1, "a"]}'}),
        ({"bytes": [256]}, {"x": '{"bytes": [256]}'}),
        ({"nested": {"bytes": [101, 102]}}, {"x": '{"nested": "ef"}'}),
        (
            [{"queue": {"bytes": list("ü".encode())}, "count": 2}],
            {"x": '[{"queue": "ü", "count": 2}]'},
        ),
    ],
)
def test_a_header_of_any_kind_is_a_text_or_a_number(value: Any, expected: dict[str, Any]) -> None:
    assert read_header("x", value) == expected


def test_a_header_that_is_nested_too_deeply_to_show_is_still_there() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert read_header("x", deep) == {"x": "(nested too deeply)"}


def test_a_name_that_is_no_unicode_is_made_some() -> None:
    assert read_header("x\udc00", 1) == {"x?": 1}


def read_header(name: str, value: Any) -> Any:
    event = event_of(Received(b""))
    [record] = event["rmqMessagesByQueue"]["belfry.deliver.0::/"]
    record["basicProperties"]["headers"] = {name: value}
    [message] = messages_of(event)
    return message.headers


@pytest.mark.parametrize("headers", [None, {}])
def test_a_message_without_headers(headers: Any) -> None:
    event = event_of(received(Message("belfry.deliver.0", b"1")))
    [record] = event["rmqMessagesByQueue"]["belfry.deliver.0::/"]
    record["basicProperties"]["headers"] = headers
    assert list(messages_of(event)) == [Message("belfry.deliver.0", b"1")]


def test_several_queues_on_another_virtual_host() -> None:
    one, other = event_of(received(Message("a", b"1"))), event_of(received(Message("b", b"2")))
    records = [next(iter(e["rmqMessagesByQueue"].values())) for e in (one, other)]
    event = {"rmqMessagesByQueue": {"a::/": records[0], "b::tenant": records[1]}}
    assert [(m.queue, m.body) for m in messages_of(event)] == [("a", b"1"), ("b", b"2")]
