"""Builds the events of WebSocket APIs: CONNECT, MESSAGE, DISCONNECT and the authorizer's.

Shapes as captured from AWS. Optional fields that have no value are left out.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from gateway import assumptions
from gateway.asgi import RawHeaders, Scope
from gateway.clock import milliseconds, request_time
from gateway.endpoint import Endpoint, execute_api_arn
from gateway.identifiers import new_trace_id
from gateway.invoker import Event

_NOT_IN_CONNECT = {"connection", "upgrade", "content-length"}
_SPELLING = {
    b"sec-websocket-extensions": "Sec-WebSocket-Extensions",
    b"sec-websocket-key": "Sec-WebSocket-Key",
    b"sec-websocket-protocol": "Sec-WebSocket-Protocol",
    b"sec-websocket-version": "Sec-WebSocket-Version",
}
_OURS = {b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto", b"x-amzn-trace-id"}


@dataclass(slots=True)
class Peer:
    """What every event of a connection says about it."""

    connection_id: str
    connected_at: float
    """Seconds since 1970."""
    source_ip: str
    user_agent: str
    authorizer: dict[str, Any] | None = None
    """The authorizer's context as events carry it; None without an authorizer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the WebSocket API is."""

    endpoint: Endpoint
    stage: str


def authorizer_fields(principal: str, context: dict[str, Any], latency_ms: int) -> dict[str, Any]:
    """An authorizer's answer as later events carry it: the context's values become strings."""
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in context.items()
    }
    return {"principalId": principal, "integrationLatency": latency_ms, **texts}


def connect_event(scope: Scope, place: Place, peer: Peer, request_id: str, seconds: float) -> Event:
    multi = {
        name: values
        for name, values in _headers(scope, place, peer).items()
        if name.lower() not in _NOT_IN_CONNECT
    }
    return {
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        **_query(scope),
        "requestContext": _context(place, peer, "$connect", "CONNECT", request_id, seconds),
        "isBase64Encoded": False,
    }


def authorizer_event(
    scope: Scope, place: Place, peer: Peer, request_id: str, seconds: float
) -> Event:
    multi = _headers(scope, place, peer)
    no_query: Event = {"queryStringParameters": {}, "multiValueQueryStringParameters": {}}
    return {
        "type": "REQUEST",
        "methodArn": connect_arn(place),
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        **(_query(scope) or no_query),
        "stageVariables": {},
        "requestContext": _context(place, peer, "$connect", "CONNECT", request_id, seconds),
    }


def connect_arn(place: Place) -> str:
    return execute_api_arn(assumptions.WEBSOCKET_API_ID, place.stage, "$connect")


def message_event(
    body: str,
    route_key: str,
    place: Place,
    peer: Peer,
    *,
    request_id: str,
    message_id: str,
    seconds: float,
) -> Event:
    context = _context(place, peer, route_key, "MESSAGE", request_id, seconds)
    context["messageId"] = message_id
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(
    place: Place, peer: Peer, code: int, reason: str, *, request_id: str, seconds: float
) -> Event:
    host = place.endpoint.domain_name
    headers = {"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    context = _context(place, peer, "$disconnect", "DISCONNECT", request_id, seconds)
    context |= {"disconnectStatusCode": code, "disconnectReason": reason}
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": context,
        "isBase64Encoded": False,
    }


def _context(
    place: Place, peer: Peer, route_key: str, kind: str, request_id: str, seconds: float
) -> dict[str, Any]:
    identity = {"sourceIp": peer.source_ip}
    if peer.user_agent:
        identity["userAgent"] = peer.user_agent
    context: dict[str, Any] = {
        "routeKey": route_key,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestTime": request_time(seconds),
        "messageDirection": "IN",
        "stage": place.stage,
        "connectedAt": milliseconds(peer.connected_at),
        "requestTimeEpoch": milliseconds(seconds),
        "identity": identity,
        "requestId": request_id,
        "domainName": place.endpoint.domain_name,
        "connectionId": peer.connection_id,
        "apiId": assumptions.WEBSOCKET_API_ID,
    }
    if peer.authorizer is not None:
        context["authorizer"] = dict(peer.authorizer)
    return context


def _headers(scope: Scope, place: Place, peer: Peer) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    raw: RawHeaders = scope["headers"]
    for raw_name, value in raw:
        name = raw_name.lower()
        if name not in _OURS:
            spelt = _SPELLING.get(name) or name.decode("latin-1").title()
            headers.setdefault(spelt, []).append(value.decode("latin-1"))
    headers["content-length"] = ["0"]
    headers["X-Amzn-Trace-Id"] = [new_trace_id()]
    headers["X-Forwarded-For"] = [peer.source_ip]
    headers["X-Forwarded-Port"] = [place.endpoint.port]
    # Functions build the address for pushes from it, so it must not come from the client.
    headers["X-Forwarded-Proto"] = [place.endpoint.scheme]
    return headers


def _query(scope: Scope) -> Event:
    multi: dict[str, list[str]] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        multi.setdefault(name, []).append(value)
    if not multi:
        return {}
    return {
        "queryStringParameters": {name: values[-1] for name, values in multi.items()},
        "multiValueQueryStringParameters": multi,
    }
