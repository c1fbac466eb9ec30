"""The queue edge of a function: an `aws:rmq` event in, messages out.

Shape: AWS Lambda developer guide, "Using Lambda with Amazon MQ".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from belfry.ports import Message


def messages_of(event: Mapping[str, Any]) -> Sequence[Message]:
    """The messages of a batch, in the order of their queue."""
    return [
        Message(
            queue=key.partition("::")[0],
            body=base64.b64decode(record["data"]),
            headers=_headers(record["basicProperties"].get("headers") or {}),
        )
        for key, records in event["rmqMessagesByQueue"].items()
        for record in records
    ]


def _headers(headers: Mapping[str, Any]) -> dict[str, str | int]:
    """Texts arrive as `{"bytes": […]}`, numbers as they are; other kinds are not documented."""
    known: dict[str, str | int] = {}
    for name, value in headers.items():
        if isinstance(value, int) and not isinstance(value, bool):
            known[name] = value
        elif isinstance(value, dict) and isinstance(value.get("bytes"), list):
            signed = value["bytes"]  # Java's bytes: some runtimes write them as -128…127
            known[name] = bytes(byte & 0xFF for byte in signed).decode(errors="replace")
    return known
