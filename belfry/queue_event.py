"""The queue edge of a function: an `aws:rmq` event in, messages out.

Shape: AWS Lambda developer guide, "Using Lambda with Amazon MQ".
"""

from __future__ import annotations

import base64
import json
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
    """Texts arrive as `{"bytes": […]}`, numbers as they are; other kinds are not documented.

    Nothing is built on those: they become a text, their JSON, for people to look at.
    """
    return {_unicode(name): _header(value) for name, value in headers.items()}


def _header(value: Any) -> str | int:
    try:
        plain = _plain(value)
        if isinstance(plain, str) or (isinstance(plain, int) and not isinstance(plain, bool)):
            return plain
        return json.dumps(plain, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply)"


def _plain(value: Any) -> Any:
    """The value with its texts as texts, however deep they are in it."""
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        text = _text(value.get("bytes"))
        return text if text is not None else {_unicode(n): _plain(v) for n, v in value.items()}
    return value


def _text(bytes_: Any) -> str | None:
    """What the numbers spell; None when they are no bytes."""
    if not isinstance(bytes_, list) or not all(_is_byte(each) for each in bytes_):
        return None
    return bytes(byte & 0xFF for byte in bytes_).decode(errors="replace")


def _is_byte(value: Any) -> bool:
    """Java's bytes have a sign, and some runtimes write it: -128…127, or 0…255."""
    return isinstance(value, int) and -128 <= value <= 255


def _unicode(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may hold and UTF-8 may not."""
    return text.encode(errors="replace").decode()
