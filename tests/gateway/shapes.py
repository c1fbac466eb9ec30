"""The fields of AWS's events and the types of their values, as captured: no more and no fewer."""

from typing import Any

Shape = Any


def shape(value: Any) -> Shape:
    """The same nesting with each value's type in its place; lists by their first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__


def texts(*names: str) -> Shape:
    return dict.fromkeys(names, "str")


HTTP_HEADERS = texts(
    "accept", "content-length", "host", "user-agent", "x-amzn-trace-id", "x-forwarded-for",
    "x-forwarded-port", "x-forwarded-proto",
)  # fmt: skip

HTTP_CONTEXT = {
    **texts("accountId", "apiId", "domainName", "domainPrefix", "requestId", "routeKey", "stage"),
    **texts("time"),
    "timeEpoch": "int",
    "http": texts("method", "path", "protocol", "sourceIp", "userAgent"),
}

HTTP_MINIMAL = {
    **texts("version", "routeKey", "rawPath", "rawQueryString"),
    "headers": HTTP_HEADERS,
    "requestContext": HTTP_CONTEXT,
    "isBase64Encoded": "bool",
}

HTTP_PARTS: dict[str, dict[str, Shape]] = {
    "headers": {"headers": {**HTTP_HEADERS, **texts("content-type", "authorization", "x-repeat")}},
    "cookies": {"cookies": ["str"]},
    "query": {"queryStringParameters": texts("tag", "space", "plus", "encodedPlus", "empty")},
    "parameters": {"pathParameters": texts("userId")},
    "body": {"body": "str"},
    "authorizer": {
        "requestContext": {
            **HTTP_CONTEXT,
            "authorizer": {
                "lambda": {"userId": "str", "level": "int", "admin": "bool", "roles": ["str"]}
            },
        }
    },
}
"""What a request may have or not, and what its event then has more."""


def http_event(*parts: str) -> Shape:
    """The event of a request with these parts."""
    event = dict(HTTP_MINIMAL)
    for part in parts:
        event |= HTTP_PARTS[part]
    return event


def http_authorizer(*parts: str) -> Shape:
    """The authorizer's event of a request with these parts."""
    event = http_event(*parts) | texts("type", "routeArn") | {"identitySource": ["str"]}
    del event["isBase64Encoded"]
    return event


CONNECT_HEADERS = (
    "Host", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
    "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto",
)  # fmt: skip

WEBSOCKET_CONTEXT = {
    **texts("routeKey", "eventType", "extendedRequestId", "requestTime", "messageDirection"),
    **texts("stage", "requestId", "domainName", "connectionId", "apiId"),
    "connectedAt": "int",
    "requestTimeEpoch": "int",
    "identity": texts("sourceIp"),
}

AUTHORIZER_FIELDS = {
    **texts("principalId", "userId", "level", "admin"),
    "integrationLatency": "int",
}

QUERY = {
    "queryStringParameters": texts("token", "room"),
    "multiValueQueryStringParameters": {"token": ["str"], "room": ["str"]},
}


def _headers(*names: str) -> Shape:
    return {"headers": texts(*names), "multiValueHeaders": {name: ["str"] for name in names}}


def _context(parts: tuple[str, ...], **more: Shape) -> Shape:
    context = WEBSOCKET_CONTEXT | more
    if "authorizer" in parts:
        context["authorizer"] = AUTHORIZER_FIELDS
    if "agent" in parts:
        context["identity"] = texts("sourceIp", "userAgent")
    return {"requestContext": context}


def connect(*parts: str) -> Shape:
    """CONNECT of a handshake with these parts: agent, authorizer, query, subprotocol."""
    more = {"agent": ["User-Agent"], "subprotocol": ["Sec-WebSocket-Protocol"]}
    names = [name for part in parts for name in more.get(part, [])]
    return {
        **_headers(*CONNECT_HEADERS, *names),
        **(QUERY if "query" in parts else {}),
        **_context(parts),
        "isBase64Encoded": "bool",
    }


def websocket_authorizer(*parts: str) -> Shape:
    """The authorizer's event of a handshake with these parts."""
    event = connect(*parts)
    del event["isBase64Encoded"]
    names = (*event["headers"], "Connection", "Upgrade", "content-length")
    no_query: Shape = {"queryStringParameters": {}, "multiValueQueryStringParameters": {}}
    return no_query | event | texts("type", "methodArn") | _headers(*names) | {"stageVariables": {}}


def message(*parts: str) -> Shape:
    """MESSAGE on a connection with these parts."""
    return {**_context(parts, messageId="str"), "body": "str", "isBase64Encoded": "bool"}


def disconnect(*parts: str) -> Shape:
    """DISCONNECT of a connection with these parts."""
    return {
        **_headers("Host", "x-api-key", "X-Forwarded-For", "x-restapi"),
        **_context(parts, disconnectStatusCode="int", disconnectReason="str"),
        "isBase64Encoded": "bool",
    }


ERROR_FRAME = texts("message", "connectionId", "requestId")

GET_CONNECTION = {
    **texts("connectedAt", "lastActiveAt"),
    "identity": texts("sourceIp", "userAgent"),
}

RABBITMQ_RECORD: Shape = {
    "basicProperties": {
        **texts("contentType", "expiration", "messageId", "timestamp"),
        **dict.fromkeys(["deliveryMode", "priority", "bodySize"], "int"),
        **dict.fromkeys(["contentEncoding", "correlationId", "replyTo", "type"], "NoneType"),
        **dict.fromkeys(["userId", "appId", "clusterId"], "NoneType"),
        "headers": {"x-kind": {"bytes": ["int"]}, "x-attempt": "int"},
    },
    "redelivered": "bool",
    "data": "str",
}

RABBITMQ = {
    **texts("eventSource", "eventSourceArn"),
    "rmqMessagesByQueue": {"notifications::/": [RABBITMQ_RECORD]},
}

SCHEDULED = {
    **texts("version", "id", "detail-type", "source", "account", "time", "region"),
    "resources": ["str"],
    "detail": {},
}
"""Of Amazon EventBridge (its user guide, "Events from AWS services")."""

# Those that one conversation with everything in it gives.
HTTP_FULL: Shape = http_event(*HTTP_PARTS)
HTTP_AUTHORIZER: Shape = http_authorizer("cookies") | {
    "headers": HTTP_HEADERS | texts("authorization"),
    "queryStringParameters": texts("limit"),
}
CONNECT_FULL: Shape = connect("authorizer", "query", "subprotocol")
WEBSOCKET_AUTHORIZER: Shape = websocket_authorizer("query")
MESSAGE: Shape = message()
DISCONNECT: Shape = disconnect("authorizer")
