"""Events of WebSocket APIs: connect, message, disconnect, and the authorizer's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gateway import assumptions, authorizers, websocket_events
from gateway.authorizers import AuthorizerError
from gateway.identifiers import new_connection_id, new_request_id
from gateway.invoker import Event
from gateway.limits import Limits
from gateway.message_routing import MessageRouter
from gateway.spec import Spec
from gateway.spec_form import WebSocketApi
from gateway.websocket_events import Peer, Place
from local_runner.samples.request import ENDPOINT, SOURCE_IP, USER_AGENT, Request, SampleError

Context = Mapping[str, Any] | None
"""What the authorizer answered, flat; a `principalId` in it is the principal."""

PRINCIPAL = "somebody"
LATENCY_MS = 12
OPEN_SECONDS = 60.0
"""How long the connection of a message has been open."""

_HANDSHAKE = {
    "host": ENDPOINT.domain_name,
    "user-agent": USER_AGENT,
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",  # the one of RFC 6455, 1.3
    "sec-websocket-extensions": "permessage-deflate",
}


def connect_event(spec: Spec, handshake: Request, context: Context) -> Event:
    """What $connect gets. Raises SampleError, as all of these do."""
    form = _with_route(spec, "$connect")
    now = time.time()
    peer = _peer(form, context, now)
    return websocket_events.connect_event(
        handshake.scope(_HANDSHAKE), _place(form), peer, new_request_id(), now
    )


def authorizer_event(spec: Spec, handshake: Request) -> Event:
    """What the authorizer gets."""
    form = _form(spec)
    if form.authorizer is None:
        raise SampleError("x-websocket has no authorizer")
    scope = handshake.scope(_HANDSHAKE)
    now = time.time()
    peer = Peer(new_connection_id(), now, SOURCE_IP, USER_AGENT)
    event = websocket_events.authorizer_event(scope, _place(form), peer, new_request_id(), now)
    query = scope["query_string"].decode("ascii")
    try:
        authorizers.check_handshake(form.authorizer.identity_source, event, query)
    except AuthorizerError as error:
        raise SampleError(f"{error}, and the authorizer is not asked without it") from None
    return event


def message_event(spec: Spec, text: str, context: Context) -> Event:
    """What the route that takes the message gets."""
    form = _form(spec)
    key, route = MessageRouter(form).select(text)
    if route is None:
        keys = [key for key in form.routes if not key.startswith("$")]
        raise SampleError(
            f"no route takes this message by {form.route_selection_expression}, and there is no "
            f"$default; the routes are: {', '.join(keys) or 'none'}"
        )
    now = time.time()
    return websocket_events.message_event(
        text,
        key,
        _place(form),
        _peer(form, context, now - OPEN_SECONDS),
        request_id=new_request_id(),
        message_id=new_request_id(),
        seconds=now,
    )


def disconnect_event(spec: Spec, code: int, reason: str | None, context: Context) -> Event:
    """What $disconnect gets."""
    form = _with_route(spec, "$disconnect")
    if reason is None:
        reason = assumptions.DISCONNECT_REASONS.get(code, "")
    now = time.time()
    peer = _peer(form, context, now - OPEN_SECONDS)
    return websocket_events.disconnect_event(
        _place(form), peer, code, reason, request_id=new_request_id(), seconds=now
    )


def _form(spec: Spec) -> WebSocketApi:
    if spec.websocket is None:
        raise SampleError("there is no x-websocket in the file")
    return spec.websocket


def _with_route(spec: Spec, key: str) -> WebSocketApi:
    form = _form(spec)
    if key not in form.routes:
        raise SampleError(f"x-websocket has no route {key}, so nothing gets this event")
    return form


def _place(form: WebSocketApi) -> Place:
    return Place(ENDPOINT, form.stage)


def _peer(form: WebSocketApi, context: Context, connected_at: float) -> Peer:
    peer = Peer(new_connection_id(), connected_at, SOURCE_IP, USER_AGENT)
    if form.authorizer is not None:
        peer.authorizer = _authorizer_fields(form, dict(context or {}))
    elif context is not None:
        raise SampleError("x-websocket has no authorizer, so its events have no context")
    return peer


def _authorizer_fields(form: WebSocketApi, context: dict[str, Any]) -> dict[str, Any]:
    """The context as events carry it, after the gateway has read it as an answer."""
    arn = websocket_events.connect_arn(_place(form))
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
    answer = {
        "principalId": context.pop("principalId", PRINCIPAL),
        "policyDocument": {"Version": "2012-10-17", "Statement": [allow]},
        "context": context,
    }
    limit = Limits().authorizer_result_bytes
    try:
        principal, read = authorizers.read_websocket_answer(answer, arn, limit)
    except AuthorizerError as error:
        raise SampleError(str(error)) from None
    return websocket_events.authorizer_fields(principal, read, LATENCY_MS)
