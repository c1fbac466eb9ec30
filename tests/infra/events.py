"""An event for every function that openapi.yaml names, as AWS would give it one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from belfry.topology import FAN_OUT
from gateway.invoker import Event
from gateway.spec import Operation, Spec
from local_runner.event_source import Received
from local_runner.samples import http, trigger, websocket
from local_runner.samples.request import Request
from local_runner.triggers import schedule_event

ID = "019ab3c2-7f00-7c3e-9a51-0242ac120002"

FRAMES: Mapping[str, Mapping[str, Any]] = {
    "sync": {"since": 0},
    "read": {"id": ID},
    "change": {"change": "read", "ids": [ID]},
    "ack": {"ids": [ID]},
}
"""What a client sends, by action."""


def events(
    spec: Spec, document: Mapping[str, Any], token: str, more: Mapping[str, Event]
) -> Iterator[tuple[str, Event]]:
    """Each function's address with an event.

    `token` is what the authorizers are asked about; `more` are the events of functions that
    CloudFormation and Secrets Manager call.
    """
    for operation in spec.operations:
        yield operation.function, _http(spec, operation, document)
    bearer = (("authorization", f"Bearer {token}"),)
    asked = Request("GET", "/api/me", bearer)
    yield "auth.authorize", http.authorizer_event(spec, asked)
    handshake = Request("GET", "/ws", bearer)
    yield "auth.authorize_websocket", websocket.authorizer_event(spec, handshake)
    yield from _websocket(spec)
    for queue, mapping in spec.queues.items():
        yield mapping.function, trigger.rmq_event(spec, queue, [_message(queue)])
    for function in {**spec.schedules, **spec.deployment.schedules}:
        yield function, schedule_event(function)
    yield from more.items()


def _http(spec: Spec, operation: Operation, document: Mapping[str, Any]) -> Event:
    declared = document["paths"][operation.path][operation.method.lower()]
    body = b""
    if "requestBody" in declared:
        content = declared["requestBody"]["content"]["application/json"]
        example = content.get("example") or next(iter(content["examples"].values()))["value"]
        body = json.dumps(example).encode()
    target = operation.path.replace("{id}", ID).replace("{topic}", "news") + _query(declared)
    context = {"userId": ID, "role": "admin", "expiresAt": int(time.time()) + 600}
    return http.function_event(
        spec, Request(operation.method, target, (), body), context if operation.authorizer else None
    )


def _query(declared: Mapping[str, Any]) -> str:
    """The parameters that must be there, as their examples are."""
    required = {
        each["name"]: each["example"]
        for each in declared.get("parameters", ())
        if each.get("in") == "query" and each.get("required")
    }
    return f"?{urlencode(required)}" if required else ""


def _websocket(spec: Spec) -> Iterator[tuple[str, Event]]:
    assert spec.websocket
    person = {"principalId": ID, "role": "user", "scheme": "https"}
    connect = websocket.connect_event(spec, Request("GET", "/ws"), person)
    yield spec.websocket.routes["$connect"].function, connect
    for key, route in spec.websocket.routes.items():
        if not key.startswith("$"):
            text = json.dumps({"action": key, **FRAMES[key]})
            yield route.function, websocket.message_event(spec, text, person)


def _message(queue: str) -> Received:
    bodies = {FAN_OUT: {"broadcastId": ID, "chunk": 1}}
    return Received(json.dumps(bodies.get(queue, {"notificationId": ID})).encode())
