"""Messages of a WebSocket API: routes, answers, errors."""

import json
import re
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayWebSocketMessageEventModel

from tests.conformance.sockets import ask, connection_id, received
from tests.conformance.stack import Stack
from tests.gateway import shapes
from tests.gateway.shapes import shape

CONNECTION_ID = re.compile(r"[A-Za-z0-9_-]{8,}=")


def route_of(socket: Any, text: str) -> str:
    """The route that a message takes."""
    socket.send(text)
    key: str = received(socket)["requestContext"]["routeKey"]
    return key


@pytest.mark.line("WS-3a", "WS-3b", "WS-3c", "WS-3d")
@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"action": "echo"}', "echo"),
        ('{"action": "nowhere"}', "$default"),
        ('{"action": ""}', "$default"),
        ('{"other": "echo"}', "$default"),
        ("{}", "$default"),
        ("[1]", "$default"),
        ('"echo"', "$default"),
        ("ping", "$default"),
        ('{"action": "echo"', "$default"),
        ('{"action": "$connect"}', "$default"),
    ],
)
def test_the_selection_expression_chooses_the_route(full: Stack, text: str, route: str) -> None:
    with full.socket({}) as socket:
        assert route_of(socket, text) == route


@pytest.mark.line("WS-3e")
@pytest.mark.parametrize("text", ["ping", "{}", '{"action": "nowhere"}'])
def test_without_default_what_fits_no_route_is_forbidden(bare: Stack, text: str) -> None:
    with bare.socket() as socket:
        own = connection_id(socket)
        socket.send(text)
        frame = received(socket)
        assert frame.pop("requestId")
        assert frame == {"message": "Forbidden", "connectionId": own}
        assert connection_id(socket) == own


@pytest.mark.line("WS-4a")
def test_a_failing_function_sends_an_error_and_the_connection_stays_open(full: Stack) -> None:
    with full.socket({}) as socket:
        own = connection_id(socket)
        frames = [ask(socket, action="act", do="raise") for _ in range(2)]
        ids = {frame.pop("requestId") for frame in frames}
        assert frames == [{"message": "Internal server error", "connectionId": own}] * 2
        assert len(ids) == 2
        assert connection_id(socket) == own


@pytest.mark.line("WS-4c")
def test_a_function_s_own_timeout_is_such_a_failure(full: Stack) -> None:
    with full.socket({}) as socket:
        frame = ask(socket, action="act-briefly", do="sleep", seconds=1.5)
        assert frame["message"] == "Internal server error"
        assert connection_id(socket) == frame["connectionId"]


@pytest.mark.line("WS-4b")
def test_a_late_integration_is_told_to_the_client(limited: Stack) -> None:
    seconds = limited.limits.websocket_integration + 3
    with limited.socket({}) as socket:
        frame = ask(socket, action="act", do="sleep", seconds=seconds)
        assert set(frame) == {"message", "connectionId", "requestId"}
        assert frame["message"] == "Endpoint request timed out"


@pytest.mark.line("WS-5")
def test_an_answer_reaches_the_client_only_where_the_route_has_a_response(full: Stack) -> None:
    with full.socket({}) as socket:
        socket.send(json.dumps({"action": "quiet"}))
        # What comes first is the answer to the second message.
        assert ask(socket, action="echo", n=2)["body"] == '{"action": "echo", "n": 2}'


@pytest.mark.line("WS-5")
def test_the_body_of_the_answer_is_sent_as_it_is(full: Stack) -> None:
    with full.socket({}) as socket:
        order = {"do": "answer", "answer": {"statusCode": 200, "body": "λ, no JSON"}}
        socket.send(json.dumps({"action": "act", **order}))
        assert socket.recv(timeout=10) == "λ, no JSON"


@pytest.mark.line("WS-7a")
def test_connection_ids_are_base64_and_differ(full: Stack) -> None:
    with full.socket({}) as one, full.socket({}) as other:
        ids = {connection_id(one), connection_id(other)}
    assert len(ids) == 2
    assert all(CONNECTION_ID.fullmatch(each) for each in ids)


@pytest.mark.line("WS-7b", "WS-7c")
def test_each_message_has_a_request_id_and_a_message_id(full: Stack) -> None:
    with full.socket({}) as socket:
        contexts = [ask(socket, action="echo")["requestContext"] for _ in range(2)]
    for context in contexts:
        assert context["requestId"] == context["extendedRequestId"]
    for name in ("requestId", "messageId"):
        assert contexts[0][name] != contexts[1][name]


@pytest.mark.line("WS-8c", "WS-8b")
def test_a_message_event_has_the_fields_of_aws_and_no_headers(full: Stack) -> None:
    context = {"userId": "u", "level": 3, "admin": True}
    with full.socket({"context": context}, user_agent_header=None) as socket:
        event = ask(socket, action="echo")
    assert shape(event) == shapes.message("authorizer")
    APIGatewayWebSocketMessageEventModel.model_validate(event)
    about = event["requestContext"]
    assert (about["eventType"], about["messageDirection"]) == ("MESSAGE", "IN")
