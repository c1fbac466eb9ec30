"""Builds the event that Lambda's Amazon MQ event source mapping gives a function.

Shape: AWS Lambda developer guide, "Using Lambda with Amazon MQ".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.assumptions import ACCOUNT_ID, REGION
from local_runner.event_source import Received

EVENT_SOURCE_ARN = (
    f"arn:aws:mq:{REGION}:{ACCOUNT_ID}:broker:local:b-00000000-0000-4000-8000-000000000000"
)
MAX_BATCH_BYTES = 6 * 1024 * 1024 - 4096
"""Lambda's limit of an invocation's payload, without what the event says besides its records."""

_REST_OF_A_RECORD = len('{"basicProperties": , "redelivered": false, "data": ""}, ')

_PROPERTIES: Mapping[str, Any] = {
    "contentType": "application/json",
    "contentEncoding": None,
    "deliveryMode": 2,
    "priority": 0,
    "correlationId": None,
    "replyTo": None,
    "expiration": None,
    "messageId": None,
    "timestamp": None,
    "type": None,
    "userId": None,
    "appId": None,
    "clusterId": None,
}


def queue_event(queue: str, batch: Sequence[Received]) -> dict[str, Any]:
    """An `aws:rmq` event of one queue."""
    virtual_host = batch[0].virtual_host if batch else "/"
    return {
        "eventSource": "aws:rmq",
        "eventSourceArn": EVENT_SOURCE_ARN,
        "rmqMessagesByQueue": {
            f"{queue}::{virtual_host}": [_record(received) for received in batch]
        },
    }


def record_size(received: Received) -> int:
    """Bytes that a message takes in an event, as JSON."""
    data = (len(received.body) + 2) // 3 * 4
    return data + len(json.dumps(_basic_properties(received))) + _REST_OF_A_RECORD


def _record(received: Received) -> dict[str, Any]:
    return {
        "basicProperties": _basic_properties(received),
        "redelivered": received.redelivered,
        "data": base64.b64encode(received.body).decode(),
    }


def _basic_properties(received: Received) -> dict[str, Any]:
    return {
        **_PROPERTIES,
        **received.properties,
        "headers": {_text(name): _value(value) for name, value in received.headers.items()},
        "bodySize": len(received.body),
    }


def _value(header: Any) -> Any:
    try:
        return _header(header)
    except RecursionError:
        return _header("(nested too deeply)")


def _header(value: Any) -> Any:
    """Texts become bytes, numbers stay. Of all other kinds AWS says nothing: an assumption."""
    match value:
        case str():
            return {"bytes": list(value.encode())}
        case bytes():
            return {"bytes": list(value)}
        case Mapping():
            return {_text(name): _header(each) for name, each in value.items()}
        case list():
            return [_header(each) for each in value]
        case None | bool() | int() | float():
            return value
        case _:  # times and decimals
            return str(value)


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
