"""The events that API Gateway gives to functions, made by hand; and a call's answer, read again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from belfry.function import Function
from belfry.model import Role
from belfry.topology import delivery_queue
from belfry.wiring import Deps
from tests.fakes import NOON

ADA, BOB = "ada", "bob"
REQUEST_ID = "JKJaXmPLvHcESHA="
Event = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    def pointers(self) -> list[str]:
        """The fields that a problem names."""
        return [error["pointer"] for error in self.body.get("errors", [])]


def call(handler: Function[Any], event: Event, parts: Deps) -> Answer:
    """Invoke a function of the HTTP API. What it answers must be JSON that browsers can read."""
    answer = handler.using(parts)(event, None)
    assert set(answer) == {"statusCode", "headers", "body"}
    answer["body"].encode()
    return Answer(answer["statusCode"], answer["headers"], strict_json(answer["body"]))


def strict_json(text: str) -> Any:
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def http_event(
    method: str = "GET",
    path: str = "/api/me",
    *,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    id_: str | None = None,
    caller: str | None = ADA,
    role: Role = Role.USER,
    token_seconds: float = 900,
) -> Event:
    """An event of payload 2.0. `body`: text, bytes (travel as base64), or a value for JSON."""
    event: Event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "requestId": REQUEST_ID,
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.10"},
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if caller is not None:
        expires_at = NOON + timedelta(seconds=token_seconds)
        event["requestContext"]["authorizer"] = {
            "lambda": {
                "userId": caller,
                "role": role.value,
                "expiresAt": int(expires_at.timestamp()),
            }
        }
    if isinstance(body, bytes):
        event["body"] = base64.b64encode(body).decode()
    elif body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    if query is not None:
        event["queryStringParameters"] = dict(query)
    if id_ is not None:
        event["pathParameters"] = {"id": id_}
    return event


def websocket_event(
    body: Any = None, *, kind: str = "MESSAGE", caller: str = ADA, connection: str = "phone="
) -> Event:
    """An event of the WebSocket. `body` is the client's frame: text, or anything for JSON."""
    event: Event = {
        "requestContext": {
            "routeKey": {"CONNECT": "$connect", "DISCONNECT": "$disconnect"}.get(kind, "$default"),
            "eventType": kind,
            "stage": "ws",
            "connectedAt": int(NOON.timestamp() * 1000),
            "requestId": REQUEST_ID,
            "domainName": "push.example.com",
            "connectionId": connection,
            "authorizer": {"principalId": caller, "role": "user", "scheme": "https"},
        },
        "isBase64Encoded": False,
    }
    if kind == "CONNECT":
        event["headers"] = {"Host": "evil.example.com", "X-Forwarded-Proto": "https"}
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


def frame_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The frame that the client gets."""
    assert answer["statusCode"] == 200
    answer["body"].encode()
    frame = strict_json(answer["body"])
    assert isinstance(frame, dict)
    return frame


def queue_record(
    body: Any, headers: Mapping[str, Any] | None = None, *, redelivered: bool = False
) -> Event:
    """One message of an `aws:rmq` event. `body` is bytes, or anything for JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "basicProperties": {"contentType": "application/json", "headers": headers or {}},
        "redelivered": redelivered,
        "data": base64.b64encode(raw).decode(),
    }


def queue_event(*records: Event, user_id: str = ADA) -> Event:
    """A batch of the queue of a person's shard."""
    return {
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:us-east-1:000000000001:broker:test:b-0",
        "rmqMessagesByQueue": {f"{delivery_queue(user_id)}::/": list(records)},
    }
