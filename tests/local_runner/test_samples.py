"""Events to edit are AWS's events: its own models read them, and their fields are the gateway's."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent
from aws_lambda_powertools.utilities.parser.models import (
    ApiGatewayAuthorizerRequestV2,
    APIGatewayProxyEventV2Model,
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gateway.invoker import Event
from gateway.spec import load_spec, parse_spec
from local_runner.event_source import Received
from local_runner.samples import http, trigger, websocket
from local_runner.samples.request import Request, SampleError
from tests.gateway.served import Served, serving
from tests.gateway.shapes import shape

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /users/{id}: { post: { operationId: users.create, security: [{ token: [] }] } }
  /open: { get: { operationId: open.get } }
components:
  securitySchemes:
    token: { type: http, scheme: bearer, x-authorizer: { function: auth.http } }
x-websocket:
  authorizer:
    function: auth.websocket
    identitySource: [route.request.querystring.ticket]
  routes:
    $connect: { function: live.all }
    $disconnect: { function: live.all }
    greet: { function: live.all }
x-queues:
  orders: { function: orders.ship }
x-schedules:
  orders.sweep: { everySeconds: 5 }
"""
PARSED = parse_spec(SPEC)
BARE = parse_spec('{openapi: 3.0.3, info: {title: T, version: "1"}, paths: {}}')
OWN = load_spec(Path(__file__).parents[2] / "openapi.yaml")
POST = Request(
    "POST", "/users/u%201?a=1&a=2&b=x%20y", [("Authorization", "Bearer t"), ("X", "ü")], b'{"n": 1}'
)
HANDSHAKE = Request("GET", "/?ticket=abc", [("Sec-WebSocket-Protocol", "chat")])
CONTEXT = {"userId": "u", "level": 3, "admin": True}
MESSAGE = '{"action": "greet"}'


def authorize_http(_: Event) -> Any:
    return {"isAuthorized": True, "context": CONTEXT}


def authorize_websocket(event: Event) -> Any:
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": "u",
        "policyDocument": {"Statement": [statement]},
        "context": CONTEXT,
    }


def served_events() -> dict[str, Event]:
    """What functions get of the same requests by way of the gateway."""
    functions = {
        "users.create": lambda _: {"statusCode": 200},
        "auth.http": authorize_http,
        "auth.websocket": authorize_websocket,
        "live.all": lambda _: {"statusCode": 200},
    }
    with serving(SPEC, functions) as served:
        headers = {"content-type": "application/json", "user-agent": "x", "accept": "*/*"}
        headers |= {"authorization": "Bearer t", "x": "y"}
        # Sent as it is, without the headers that httpx adds.
        url = served.url + POST.target
        sent = httpx.Request("POST", url, content=POST.body, headers=headers)
        assert served.http.send(sent).status_code == 200
        with connect(
            f"{served.websocket_url}?ticket=abc", subprotocols=[Subprotocol("chat")]
        ) as connection:
            connection.send(MESSAGE)
            served.events_of("live.all", 2)
        served.events_of("live.all", 3)
        return by_kind(served)


def by_kind(served: Served) -> dict[str, Event]:
    connected, message, disconnected = served.events_of("live.all")
    return {
        "http": served.events_of("users.create")[0],
        "http authorizer": served.events_of("auth.http")[0],
        "websocket authorizer": served.events_of("auth.websocket")[0],
        "connect": connected,
        "message": message,
        "disconnect": disconnected,
    }


def made_events() -> dict[str, Event]:
    return {
        "http": http.function_event(PARSED, POST, CONTEXT),
        "http authorizer": http.authorizer_event(PARSED, POST),
        "websocket authorizer": websocket.authorizer_event(PARSED, HANDSHAKE),
        "connect": websocket.connect_event(PARSED, HANDSHAKE, CONTEXT),
        "message": websocket.message_event(PARSED, MESSAGE, CONTEXT),
        "disconnect": websocket.disconnect_event(PARSED, 1000, None, CONTEXT),
    }


def test_they_have_the_fields_and_types_of_those_that_the_gateway_makes() -> None:
    real = served_events()
    for kind, event in made_events().items():
        assert shape(event) == shape(real[kind]), kind


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("http", APIGatewayProxyEventV2Model),
        ("http authorizer", ApiGatewayAuthorizerRequestV2),
        ("connect", APIGatewayWebSocketConnectEventModel),
        ("message", APIGatewayWebSocketMessageEventModel),
        ("disconnect", APIGatewayWebSocketDisconnectEventModel),
    ],
)
def test_the_models_of_aws_read_them(kind: str, model: Any) -> None:
    model.model_validate(made_events()[kind])


def test_a_request_is_told_as_it_was_given() -> None:
    event = http.function_event(PARSED, POST, CONTEXT)

    assert event["routeKey"] == "POST /users/{id}"
    assert event["pathParameters"] == {"id": "u 1"}
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y"}
    assert event["headers"]["authorization"] == "Bearer t"
    assert event["headers"]["x"] == "ü"
    assert event["headers"]["content-type"] == "application/json"
    assert event["body"] == '{"n": 1}'
    assert event["requestContext"]["authorizer"] == {"lambda": CONTEXT}


def test_a_route_without_an_authorizer_has_no_context_and_one_with_it_always() -> None:
    assert (
        "authorizer"
        not in http.function_event(PARSED, Request("get", "/open"), None)["requestContext"]
    )
    context = http.function_event(PARSED, POST, None)["requestContext"]["authorizer"]
    assert context == {"lambda": {}}


def test_the_principal_of_a_websocket_may_stand_in_the_context() -> None:
    event = websocket.message_event(PARSED, MESSAGE, {"principalId": "ada", "admin": True})

    authorizer = event["requestContext"]["authorizer"]
    assert authorizer == {"principalId": "ada", "integrationLatency": 12, "admin": "true"}
    assert event["requestContext"]["connectedAt"] < event["requestContext"]["requestTimeEpoch"]


def test_a_batch() -> None:
    batch = [Received(b"one", {"kind": "x", "n": 2}, True), Received(b"two")]

    event = trigger.rmq_event(PARSED, "orders", batch)

    first, second = RabbitMQEvent(event).rmq_messages_by_queue["orders::/"]
    assert base64.b64decode(first.raw_event["data"]) == b"one"
    assert (first.redelivered, second.redelivered) == (True, False)
    assert first.basic_properties.headers == {"kind": {"bytes": [120]}, "n": 2}


def test_a_schedule() -> None:
    event = trigger.scheduled_event(PARSED, "orders.sweep")
    assert event["detail-type"] == "Scheduled Event"


@pytest.mark.parametrize(
    "path", ["/api/notifications/abc", "/api/me", "/api/dead-letters/x/redrive"]
)
def test_belfrys_own_routes_are_found(path: str) -> None:
    method = "POST" if path.endswith("redrive") else "GET"
    event = http.function_event(OWN, Request(method, path), {"userId": "u"})
    assert event["routeKey"].startswith(method)


def refused(make: Any, *arguments: Any) -> str:
    with pytest.raises(SampleError) as raised:
        make(*arguments)
    return str(raised.value)


def test_what_nothing_would_get_is_refused_and_the_nearest_named() -> None:
    assert refused(http.function_event, PARSED, Request("GET", "/opn"), None) == (
        "no route takes GET /opn; the nearest is GET /open"
    )
    assert refused(http.function_event, BARE, Request("GET", "/x"), None) == (
        "no route takes GET /x; there is none at all"
    )
    assert "must begin with /" in refused(http.function_event, PARSED, Request("GET", "x"), None)
    assert "'€'" in refused(
        http.function_event, PARSED, Request("GET", "/open", [("x", "€")]), None
    )
    open_ = Request("GET", "/open")
    assert "has no authorizer" in refused(http.function_event, PARSED, open_, {})
    assert "has no authorizer" in refused(http.authorizer_event, PARSED, open_)
    assert "$request.header.Authorization is missing" in refused(
        http.authorizer_event, PARSED, Request("POST", "/users/1")
    )
    assert "route.request.querystring.ticket is missing" in refused(
        websocket.authorizer_event, PARSED, Request("GET", "/")
    )
    assert "the routes are: greet" in refused(websocket.message_event, PARSED, "hello", None)
    assert "more than texts" in refused(websocket.message_event, PARSED, MESSAGE, {"a": []})
    assert "no x-websocket" in refused(websocket.connect_event, BARE, HANDSHAKE, None)
    assert "the nearest is orders" in refused(trigger.rmq_event, PARSED, "order", [])
    assert "the nearest is orders.sweep" in refused(trigger.scheduled_event, PARSED, "orders")


@given(user=st.text(st.characters(codec="utf-8", exclude_characters="/?"), min_size=1))
def test_any_path_can_be_given(user: str) -> None:
    event = http.function_event(PARSED, Request("POST", f"/users/{user}?x={user}"), None)

    APIGatewayProxyEventV2Model.model_validate(event)
    assert event["rawPath"] == unquote(f"/users/{user}")
    assert event["pathParameters"] == {"id": unquote(user)}
    assert event["rawQueryString"].isascii()
