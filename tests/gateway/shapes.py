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

HTTP_FULL = {
    **HTTP_MINIMAL,
    "headers": {**HTTP_HEADERS, **texts("content-type", "authorization", "x-repeat")},
    "cookies": ["str"],
    "queryStringParameters": texts("tag", "space", "plus", "encodedPlus", "empty"),
    "pathParameters": texts("userId"),
    "body": "str",
    "requestContext": {
        **HTTP_CONTEXT,
        "authorizer": {
            "lambda": {"userId": "str", "level": "int", "admin": "bool", "roles": ["str"]}
        },
    },
}

HTTP_AUTHORIZER = {
    **texts("version", "type", "routeArn", "routeKey", "rawPath", "rawQueryString"),
    "identitySource": ["str"],
    "cookies": ["str"],
    "headers": {**HTTP_HEADERS, **texts("authorization")},
    "queryStringParameters": texts("limit"),
    "requestContext": HTTP_CONTEXT,
}

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

CONNECT = {
    "headers": texts(*CONNECT_HEADERS),
    "multiValueHeaders": {name: ["str"] for name in CONNECT_HEADERS},
    "requestContext": WEBSOCKET_CONTEXT,
    "isBase64Encoded": "bool",
}

CONNECT_FULL = {
    "headers": texts(*CONNECT_HEADERS, "Sec-WebSocket-Protocol"),
    "multiValueHeaders": {name: ["str"] for name in (*CONNECT_HEADERS, "Sec-WebSocket-Protocol")},
    "queryStringParameters": texts("token", "room"),
    "multiValueQueryStringParameters": {"token": ["str"], "room": ["str"]},
    "requestContext": {**WEBSOCKET_CONTEXT, "authorizer": AUTHORIZER_FIELDS},
    "isBase64Encoded": "bool",
}

WEBSOCKET_AUTHORIZER_HEADERS = (*CONNECT_HEADERS, "Connection", "Upgrade", "content-length")

WEBSOCKET_AUTHORIZER = {
    **texts("type", "methodArn"),
    "headers": texts(*WEBSOCKET_AUTHORIZER_HEADERS),
    "multiValueHeaders": {name: ["str"] for name in WEBSOCKET_AUTHORIZER_HEADERS},
    "queryStringParameters": texts("token"),
    "multiValueQueryStringParameters": {"token": ["str"]},
    "stageVariables": {},
    "requestContext": WEBSOCKET_CONTEXT,
}

MESSAGE = {
    "requestContext": {**WEBSOCKET_CONTEXT, "messageId": "str"},
    "body": "str",
    "isBase64Encoded": "bool",
}

DISCONNECT_HEADERS = ("Host", "x-api-key", "X-Forwarded-For", "x-restapi")

DISCONNECT = {
    "headers": texts(*DISCONNECT_HEADERS),
    "multiValueHeaders": {name: ["str"] for name in DISCONNECT_HEADERS},
    "requestContext": {
        **WEBSOCKET_CONTEXT,
        "disconnectStatusCode": "int",
        "disconnectReason": "str",
        "authorizer": AUTHORIZER_FIELDS,
    },
    "isBase64Encoded": "bool",
}
