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

TOO_MANY_REQUESTS = "Too Many Requests"
"""The message of 429 in an HTTP API, a handshake and @connections: throttled by the rate, or by a
function's concurrency. A message over the rate gets a frame with it, and its connection stays open;
of one whose function is throttled the client hears "Internal server error"."""

HEAD_TOO_LARGE = "Request Header Fields Too Large"
"""The message of 431, for a head over the limit of an HTTP request. A handshake has the same limit:
API Gateway documents none for the headers of a WebSocket API."""

URL_TOO_LONG_STATUS = 414
URL_TOO_LONG = "URI Too Long"
"""So a handshake is refused whose URL, from `ws://` to the end of its query, is too long."""

PAYLOAD_TOO_LARGE = "Request Entity Too Large"
"""The message of 413, for a body over API Gateway's limit or an event over Lambda's."""

# More, that needs no constant.
#
# HTTP APIs:
# * CORS headers go with every answer to an allowed origin, also with the gateway's own errors; an
#   origin that is not allowed gets none. Lists are sent as they are configured, also `*`.
# * A preflight request that a route with an authorizer takes (ANY, OPTIONS or $default) is answered
#   after its authorizer, as any other request to that route; the function is not invoked.
# * The rate counts before the authorizer is asked; a request that no route takes is not counted.
# * {proxy+} matches one or more characters, and {parameter} does not match an empty segment.
# * A text without `statusCode` is sent as JSON too, in quotes.
# * `statusCode` may be digits in a text; outside of 200 to 599 it is malformed, as are a `body`
#   that is no text, `headers` that are no object and `cookies` that are no list: 500.
# * A request to upgrade to anything but a WebSocket is answered as if it did not ask for that; one
#   with a body, 400. A client has to take 8 KB of an answer within `Limits.send_seconds`.
# * Events have no `stageVariables`, as those of an API that has none; there is no way to set any.
#
# WebSocket APIs:
# * A second's worth of new connections may come at once, and then none until the second, less a
#   tenth for jitter, is over; who comes up to half a second after that counts as on time. One that
#   is refused counts as well, unless it is refused for this reason. Handshakes do not count as
#   requests, messages and pushes do.
# * Messages of one connection are handled one after the other, in their order. AWS handles them
#   side by side and promises no order; here tests are to be repeatable. Up to 16 of them,
#   or 128 KB, are read ahead. When the client leaves, what it has sent is still handled, and
#   $disconnect comes after it.
# * Names of headers in identity sources are case-insensitive, as they are in those of HTTP APIs.
# * A handshake at a path other than the stage's is refused with 403 "Forbidden".
# * The function's answer to a refused handshake reaches the client with its body and content type.
# * Only messages keep a connection from being idle; WebSocket pings do not.
# * A value at the route selection path that is no text is compared by its JSON form.
# * A route with a route response whose answer is neither an object with a text `body` nor empty
#   has failed: the client gets the frame "Internal server error".
# * Handshake headers reach WebSocket functions in their usual spelling (ASGI lower-cases them).
#
# @connections:
# * It shares its host with the HTTP API, so /@connections/… and /STAGE/@connections/… are reserved:
#   no route of the spec, not even a greedy one or $default, is asked for them.
# * A client's buffer is full at `Limits.queued_messages` or `queued_bytes`. The push that finds it
#   so gets LimitExceededException, and so do later ones while the connection is closed with 4008.
# * A push that is not valid UTF-8 is a BadRequestException, because API Gateway sends text only.
# * A method other than POST, GET and DELETE is answered with 404.
# * The signature is checked before anything else: a stranger cannot tell which connections exist.
#
# Amazon MQ:
# * A batch is measured as the records of its event, base64 included; a record is dropped by the
#   size of its body alone.
