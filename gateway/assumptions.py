"""What neither AWS's documents nor captures settle: our choices, all here, a sentence each.

Everything else in `gateway` follows the API Gateway developer guide, the service models of botocore
or captured events. A new finding about the real gateway changes this file first.
"""

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"
HTTP_API_ID = "localhttp0"
WEBSOCKET_API_ID = "localwebs0"
"""A gateway on your machine has no region, account or ids of its own: these stand for them."""

UNAUTHORIZED = "Unauthorized"
"""An HTTP API's authorizer that raises an error with this message is answered with 401, as it is
documented for REST and WebSocket authorizers; every other error is 500."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of the connection (RFC 9110, 7.6.1) neither reach an HTTP function nor leave it."""

PREFLIGHT_STATUS = 204
"""A preflight request of CORS is answered with this status, be the origin allowed or not."""

DEFAULT_CONTENT_TYPE = "text/plain;charset=utf-8"
"""An answer with `statusCode` and a body but without content-type is plain text."""

TEXT_CONTENT_TYPES = frozenset(
    {"", "application/json", "application/javascript", "application/xml"}
)
"""Bodies of these content types, of text/*, *+json and *+xml, and bodies without a content type
reach functions as text when they are valid UTF-8; all others in base64."""

MISSING_AUTHORIZER_CONTEXT: dict[str, object] = {}
"""An HTTP authorizer that gives no context puts an empty object under `authorizer.lambda`."""

CONNECT_TIMED_OUT = 504
"""`$connect` that exceeds the integration timeout refuses the handshake with this status."""

CONNECT_FAILED = 502
"""So does, with this one, an answer of `$connect` that has no valid `statusCode`."""

GOING_AWAY = 1001
"""The close code after the idle timeout and after the longest duration of a connection."""

ABNORMAL_CLOSURE = 1006
"""`disconnectStatusCode` of a client that vanished without a close frame."""

DISCONNECT_REASONS = {
    1005: "Client-side close frame status not set",  # captured from AWS; the next one is ours
    ABNORMAL_CLOSURE: "Connection closed abnormally",
}

SIGNATURE_SECONDS = 300
"""A signature of a call to @connections is valid this long before and after its X-Amz-Date."""

# More, that needs no constant:
# * CORS headers go with every answer to an allowed origin, also with the gateway's own errors; an
#   origin that is not allowed gets none. Lists are sent as they are configured, also `*`.
# * A preflight request that a route with an authorizer takes (ANY, OPTIONS or $default) is answered
#   after its authorizer, as any other request to that route; the function is not invoked.
# * {proxy+} matches one or more characters, and {parameter} does not match an empty segment.
# * The function's answer to a refused handshake reaches the client with its body and content type.
# * Only messages keep a connection from being idle; WebSocket pings do not.
# * A value at the route selection path that is no text is compared by its JSON form.
# * A route with a route response whose answer is neither an object with a text `body` nor empty
#   has failed: the client gets the frame "Internal server error".
# * Handshake headers reach WebSocket functions in their usual spelling (ASGI lower-cases them).
# * A push that is not valid UTF-8 is a BadRequestException, because API Gateway sends text only.
# * A function that is throttled gives 429 {"message":"Too Many Requests"}.
