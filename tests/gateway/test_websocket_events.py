"""Events of WebSocket APIs have the fields, types and values that AWS gives."""

from typing import Any

from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)

from gateway import websocket_events
from gateway.endpoint import Endpoint
from gateway.invoker import Event
from gateway.websocket_events import Peer, Place
from tests.gateway import shapes
from tests.gateway.shapes import shape

PLACE = Place(Endpoint.parse("http://127.0.0.1:8080"), "ws")
NOW = 1767608430.131
HEADERS = [
    (b"host", b"evil.example"),
    (b"upgrade", b"websocket"),
    (b"connection", b"Upgrade"),
    (b"sec-websocket-key", b"a2V5"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-extensions", b"permessage-deflate"),
    (b"x-forwarded-proto", b"gopher"),
]


def peer(*, authorized: bool = False) -> Peer:
    fields = websocket_events.authorizer_fields("u", {"userId": "u", "level": 3, "admin": True}, 42)
    return Peer(
        "SynCnEIAMCKlQ0o=", 1767608430.123, "192.0.2.10", "", fields if authorized else None
    )


def scope(query: bytes = b"", *more: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"headers": [*HEADERS, *more], "query_string": query}


def connect() -> Event:
    return websocket_events.connect_event(scope(), PLACE, peer(), "ID=", NOW)


def full_connect() -> Event:
    full = scope(b"token=t%20t&room=a&room=b", (b"sec-websocket-protocol", b"notify.v1"))
    return websocket_events.connect_event(full, PLACE, peer(authorized=True), "ID=", NOW)


def message() -> Event:
    return websocket_events.message_event(
        "ping", "$default", PLACE, peer(), request_id="ID=", message_id="M=", seconds=NOW
    )


def disconnect() -> Event:
    return websocket_events.disconnect_event(
        PLACE, peer(authorized=True), 1005, "No status", request_id="ID=", seconds=NOW
    )


def test_the_fields_of_connect() -> None:
    assert shape(connect()) == shapes.CONNECT
    assert shape(full_connect()) == shapes.CONNECT_FULL
    APIGatewayWebSocketConnectEventModel.model_validate(connect())
    APIGatewayWebSocketConnectEventModel.model_validate(full_connect())


def test_the_fields_of_message() -> None:
    assert shape(message()) == shapes.MESSAGE
    APIGatewayWebSocketMessageEventModel.model_validate(message())


def test_the_fields_of_disconnect() -> None:
    assert shape(disconnect()) == shapes.DISCONNECT
    APIGatewayWebSocketDisconnectEventModel.model_validate(disconnect())


def test_the_fields_of_the_authorizers_event() -> None:
    event = websocket_events.authorizer_event(scope(b"token=t"), PLACE, peer(), "ID=", NOW)

    assert shape(event) == shapes.WEBSOCKET_AUTHORIZER
    assert event["methodArn"].endswith("/ws/$connect")


def test_without_a_query_the_authorizers_event_still_has_the_field() -> None:
    event = websocket_events.authorizer_event(scope(), PLACE, peer(), "ID=", NOW)

    assert event["queryStringParameters"] == {}


def test_the_values_of_connect() -> None:
    event = full_connect()

    assert event["queryStringParameters"] == {"token": "t t", "room": "b"}
    assert event["multiValueQueryStringParameters"] == {"token": ["t t"], "room": ["a", "b"]}
    assert event["headers"]["Sec-WebSocket-Protocol"] == "notify.v1"
    context = event["requestContext"]
    assert context["requestId"] == context["extendedRequestId"]
    assert context["requestTimeEpoch"] == 1767608430131
    assert context["connectedAt"] == 1767608430123
    assert context["authorizer"] == {
        "principalId": "u",
        "integrationLatency": 42,
        "userId": "u",
        "level": "3",
        "admin": "true",
    }


def test_pushes_go_where_the_gateway_is_whatever_the_client_says() -> None:
    event = connect()

    assert event["requestContext"]["domainName"] == "127.0.0.1:8080"
    assert event["requestContext"]["stage"] == "ws"
    assert event["headers"]["X-Forwarded-Proto"] == "http"
    assert event["multiValueHeaders"]["X-Forwarded-Proto"] == ["http"]


def test_a_known_user_agent_is_part_of_the_identity() -> None:
    known = Peer("SynCnEIAMCKlQ0o=", NOW, "192.0.2.10", "browser/1")

    event = websocket_events.connect_event(scope(), PLACE, known, "ID=", NOW)

    assert event["requestContext"]["identity"]["userAgent"] == "browser/1"


def test_each_event_has_an_authorizer_object_of_its_own() -> None:
    one = peer(authorized=True)
    first = websocket_events.connect_event(scope(), PLACE, one, "ID=", NOW)
    first["requestContext"]["authorizer"]["userId"] = "somebody else"

    second = websocket_events.connect_event(scope(), PLACE, one, "ID=", NOW)

    assert second["requestContext"]["authorizer"]["userId"] == "u"
