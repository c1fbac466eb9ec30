"""Builds the events of HTTP APIs, payload format 2.0, for functions and for authorizers.

API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Control
access to HTTP APIs with AWS Lambda authorizers". Optional fields that have no value are left out.
"""

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from gateway import assumptions
from gateway.asgi import RawHeaders, Scope
from gateway.clock import milliseconds, request_time
from gateway.endpoint import Endpoint, execute_api_arn
from gateway.identifiers import new_trace_id
from gateway.invoker import Event
from gateway.routing import Route

STAGE = "$default"


@dataclass(slots=True)
class Head:
    """A request without its body, parsed once."""

    headers: dict[str, str]
    """Names in lower case, repeats joined with a comma, no cookies."""
    cookies: list[str]


def parse_head(scope: Scope) -> Head:
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    cookies: list[str] = []
    raw: RawHeaders = scope["headers"]
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";")]
        elif name in headers:
            repeated.setdefault(name, [headers[name]]).append(value)
        elif name not in assumptions.HOP_BY_HOP:
            headers[name] = value
    for name, values in repeated.items():
        headers[name] = ",".join(values)
    return Head(headers, cookies)


def head_size(scope: Scope) -> int:
    """Bytes that the quota counts, of a request or a handshake: its line and the header values."""
    line = len(scope.get("method", "GET")) + len(scope["raw_path"]) + len("  HTTP/1.1")
    query = scope["query_string"]
    raw: RawHeaders = scope["headers"]
    return line + (len(query) + 1 if query else 0) + sum(len(value) for _, value in raw)


def query_parameters(raw: str) -> dict[str, str]:
    """Decoded, `+` is a space, repeated names joined with a comma."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def request_event(
    scope: Scope,
    head: Head,
    route: Route,
    parameters: dict[str, str],
    endpoint: Endpoint,
    request_id: str,
    seconds: float,
) -> Event:
    """What the function's and the authorizer's events have in common, in objects of its own."""
    query = scope["query_string"].decode("latin-1")
    source_ip = scope["client"][0] if scope.get("client") else ""
    path = scope["path"]
    event: Event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": _with_forwarding(head.headers, source_ip, endpoint),
        "requestContext": {
            "accountId": assumptions.ACCOUNT_ID,
            "apiId": assumptions.HTTP_API_ID,
            "domainName": endpoint.domain_name,
            "domainPrefix": endpoint.domain_prefix,
            "http": {
                "method": scope["method"],
                "path": path,
                "protocol": f"HTTP/{scope['http_version']}",
                "sourceIp": source_ip,
                "userAgent": head.headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": route.key,
            "stage": STAGE,
            "time": request_time(seconds),
            "timeEpoch": milliseconds(seconds),
        },
    }
    if head.cookies:
        event["cookies"] = list(head.cookies)
    if query:
        event["queryStringParameters"] = query_parameters(query)
    if parameters:
        event["pathParameters"] = dict(parameters)
    return event


def _with_forwarding(headers: dict[str, str], source_ip: str, endpoint: Endpoint) -> dict[str, str]:
    forwarded = headers.get("x-forwarded-for")
    return {
        "content-length": "0",
        "x-amzn-trace-id": new_trace_id(),
        **headers,
        "x-forwarded-for": f"{forwarded}, {source_ip}" if forwarded else source_ip,
        "x-forwarded-port": endpoint.port,
        "x-forwarded-proto": endpoint.scheme,
    }


def function_event(event: Event, body: bytes, context: Any) -> Event:
    """Make a request event the function's: with its body and its authorizer's context.

    `context` is None for a route without authorizer.
    """
    event["isBase64Encoded"] = False
    if context is not None:
        event["requestContext"]["authorizer"] = {"lambda": context}
    if body:
        # A body sent in chunks had no content-length; its chunks end at the gateway.
        event["headers"]["content-length"] = str(len(body))
        text = _text(body, event["headers"].get("content-type", ""))
        event["body"] = b64encode(body).decode("ascii") if text is None else text
        event["isBase64Encoded"] = text is None
    return event


def authorizer_event(event: Event, identities: list[str]) -> Event:
    """Make a request event an authorizer's."""
    http = event["requestContext"]["http"]
    route = f"{http['method']}{event['rawPath']}"
    return event | {
        "type": "REQUEST",
        "routeArn": execute_api_arn(assumptions.HTTP_API_ID, STAGE, route),
        "identitySource": identities,
    }


@lru_cache(maxsize=256)
def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in assumptions.TEXT_CONTENT_TYPES or (
        kind.startswith("text/") or kind.endswith(("+json", "+xml"))
    )


def _text(body: bytes, content_type: str) -> str | None:
    if not _is_text(content_type):
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
