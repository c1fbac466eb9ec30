"""Events of WebSocket APIs have the fields, types and values that AWS gives."""

from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerRequestEvent,
)
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from hypothesis import example, given
from hypothesis import strategies as st

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


PARTS = ["agent", "authorizer", "query", "subprotocol"]
"""What a handshake may have or not."""


def peer(parts: Iterable[str] = ()) -> Peer:
    fields = websocket_events.authorizer_fields("u", {"userId": "u", "level": 3, "admin": True}, 42)
    agent = "client/1.0" if "agent" in parts else ""
    authorizer = fields if "authorizer" in parts else None
    return Peer("SynCnEIAMCKlQ0o=", 1767608430.123, "192.0.2.10", agent, authorizer)


def scope_with(parts: Iterable[str]) -> dict[str, Any]:
    more = {
        "agent": (b"user-agent", b"client/1.0"),
        "subprotocol": (b"sec-websocket-protocol", b"notify.v1"),
    }
    query = b"token=t%20t&room=a&room=b" if "query" in parts else b""
    return scope(query, *(more[part] for part in parts if part in more))


def scope(query: bytes = b"", *more: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"headers": [*HEADERS, *more], "query_string": query}


def connect() -> Event:
    return websocket_events.connect_event(scope(), PLACE, peer(), "ID=", NOW)


@given(st.sets(st.sampled_from(PARTS)))
@example(set())
@example(set(PARTS))
def test_the_fields_of_connect(parts: set[str]) -> None:
    event = websocket_events.connect_event(scope_with(parts), PLACE, peer(parts), "ID=", NOW)

    assert shape(event) == shapes.connect(*parts)
    APIGatewayWebSocketConnectEventModel.model_validate(event)


@given(st.sets(st.sampled_from(["agent", "authorizer"])), st.text(), st.text(min_size=1))
def test_the_fields_of_message(parts: set[str], text: str, key: str) -> None:
    event = websocket_events.message_event(
        text, key, PLACE, peer(parts), request_id="ID=", message_id="M=", seconds=NOW
    )

    assert shape(event) == shapes.message(*parts)
    assert (event["body"], event["requestContext"]["routeKey"]) == (text, key)
    APIGatewayWebSocketMessageEventModel.model_validate(event)


@given(st.sets(st.sampled_from(["agent", "authorizer"])))
def test_the_fields_of_disconnect(parts: set[str]) -> None:
    event = websocket_events.disconnect_event(
        PLACE, peer(parts), 1005, "No status", request_id="ID=", seconds=NOW
    )

    assert shape(event) == shapes.disconnect(*parts)
    APIGatewayWebSocketDisconnectEventModel.model_validate(event)


@given(st.sets(st.sampled_from(["agent", "query", "subprotocol"])))
def test_the_fields_of_the_authorizers_event(parts: set[str]) -> None:
    event = websocket_events.authorizer_event(scope_with(parts), PLACE, peer(parts), "ID=", NOW)

    assert shape(event) == shapes.websocket_authorizer(*parts)
    assert event["methodArn"].endswith("/ws/$connect")
    # There is no model of it, only the data class.
    read = APIGatewayAuthorizerRequestEvent(event)
    assert (read.get_type, read.parsed_arn.stage) == ("REQUEST", "ws")
    assert (read.request_context.stage, read.request_context.request_id) == ("ws", "ID=")


def test_the_values_of_connect() -> None:
    event = websocket_events.connect_event(scope_with(PARTS), PLACE, peer(PARTS), "ID=", NOW)

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
    one = peer(["authorizer"])
    first = websocket_events.connect_event(scope(), PLACE, one, "ID=", NOW)
    first["requestContext"]["authorizer"]["userId"] = "somebody else"

    second = websocket_events.connect_event(scope(), PLACE, one, "ID=", NOW)

    assert second["requestContext"]["authorizer"]["userId"] == "u"
