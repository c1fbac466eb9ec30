"""Builds the event that Lambda's Amazon MQ event source mapping gives a function.

Shape: AWS Lambda developer guide, "Using Lambda with Amazon MQ".
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from local_runner.embedded_queue import Received

EVENT_SOURCE_ARN = "arn:aws:mq:us-east-1:000000000000:broker:belfry:b-local"
MAX_BATCH_BYTES = 6 * 1024 * 1024
"""Lambda's limit of an invocation's payload; a batch is closed before it."""

_UNSET = (
    "contentEncoding",
    "correlationId",
    "replyTo",
    "expiration",
    "messageId",
    "timestamp",
    "type",
    "userId",
    "appId",
    "clusterId",
)


def queue_event(queue: str, batch: Sequence[Received]) -> dict[str, Any]:
    """An `aws:rmq` event of one queue on the virtual host `/`."""
    return {
        "eventSource": "aws:rmq",
        "eventSourceArn": EVENT_SOURCE_ARN,
        "rmqMessagesByQueue": {f"{queue}::/": [_record(received) for received in batch]},
    }


def _record(received: Received) -> dict[str, Any]:
    message = received.message
    return {
        "basicProperties": {
            "contentType": "application/json",
            "headers": {name: _header(value) for name, value in message.headers.items()},
            "deliveryMode": 2,
            "priority": 0,
            "bodySize": len(message.body),
            **dict.fromkeys(_UNSET),
        },
        "redelivered": received.redelivered,
        "data": base64.b64encode(message.body).decode(),
    }


def _header(value: str | int) -> Any:
    return value if isinstance(value, int) else {"bytes": list(value.encode())}
