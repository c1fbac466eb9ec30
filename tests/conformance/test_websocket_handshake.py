"""The handshake of a WebSocket API: authorizer, $connect, subprotocol."""

import time
from functools import partial
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayWebSocketConnectEventModel
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.conformance.sockets import Witness, ask, at_once
from tests.conformance.stack import Stack, eventually
from tests.gateway import shapes
from tests.gateway.shapes import shape

PROTOCOLS = [Subprotocol("notify.v1"), Subprotocol("notify.v2")]


def refusal(stack: Stack, order: dict[str, Any] | None, **query: Any) -> tuple[int, bytes]:
    """Status and body of the answer to a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused, stack.socket(order, query=query):
        pass
    response = refused.value.response
    return response.status_code, bytes(response.body or b"")


@pytest.mark.line("WS-1a")
def test_the_handshake_waits_for_connect(full: Stack) -> None:
    began = time.monotonic()
    with full.socket({}, query={"connect": {"do": "sleep", "seconds": 0.5}}):
        assert time.monotonic() - began >= 0.5


@pytest.mark.line("WS-1b")
@pytest.mark.parametrize("status", [302, 400, 418, 503])
def test_a_status_of_connect_that_is_no_success_reaches_the_client(
    full: Stack, status: int
) -> None:
    order = {"do": "answer", "answer": {"statusCode": status}}
    assert refusal(full, {}, connect=order)[0] == status


@pytest.mark.line("WS-1c")
@pytest.mark.parametrize("order", [{"do": "raise"}, {"do": "answer", "answer": "no status"}])
def test_connect_that_throws_or_answers_nonsense_is_a_bad_gateway(
    full: Stack, order: dict[str, Any]
) -> None:
    status, body = refusal(full, {}, connect=order)
    assert status == 502
    assert b"detail" not in body


@pytest.mark.line("WS-1d")
def test_a_missing_identity_is_unauthorized_without_asking(full: Stack, witness: Witness) -> None:
    assert refusal(full, None)[0] == 401
    assert refusal(full, None, token="")[0] == 401
    # The first that the witness hears of is the one with an identity.
    assert refusal(full, {"allow": False, "witness": witness.id}, n="2")[0] == 403
    assert witness.told("authorizer")["queryStringParameters"]["n"] == "2"


@pytest.mark.line("WS-1d")
def test_an_authorizer_may_say_that_it_does_not_know_the_caller(full: Stack) -> None:
    assert refusal(full, {"do": "refuse"})[0] == 401


@pytest.mark.line("WS-1e")
def test_a_denial_is_forbidden_and_connect_is_not_invoked(full: Stack, witness: Witness) -> None:
    assert refusal(full, {"allow": False, "witness": witness.id})[0] == 403
    witness.told("authorizer")
    with full.socket({"witness": witness.id}, query={"n": "2"}):
        witness.told("authorizer")
        assert witness.told("connect")["queryStringParameters"]["n"] == "2"


@pytest.mark.line("WS-1f")
@pytest.mark.parametrize(
    "order",
    [
        {"do": "raise"},
        {"do": "answer", "answer": "yes"},
        {"do": "answer", "answer": {"isAuthorized": True}},
    ],
)
def test_an_authorizer_that_fails_or_answers_nonsense_is_an_internal_error(
    full: Stack, order: dict[str, Any]
) -> None:
    assert refusal(full, order)[0] == 500


@pytest.mark.line("WS-6f")
def test_the_501st_handshake_of_a_second_is_refused_and_later_ones_pass(bare: Stack) -> None:
    if bare.credentials is None:
        pytest.skip("a deployed stack is too far away to be reached 501 times in a second")

    def is_one_refused() -> bool:
        time.sleep(1.0)  # the second of earlier handshakes is to be over
        began = time.monotonic()
        statuses = at_once(bare.websocket_url, 501)
        # On a machine that is too busy for so many in a second, they prove nothing.
        assert time.monotonic() - began > 0.9 or statuses.count(101) <= 500
        return sorted(statuses) == [101] * 500 + [429]

    eventually(is_one_refused)
    eventually(lambda: at_once(bare.websocket_url, 1) == [101])


@pytest.mark.line("WS-6h")
def test_the_url_has_4096_characters(full: Stack) -> None:
    room = 4096 - len(full.address({}, fill=""))
    with full.socket({}, query={"fill": "x" * room}):
        pass
    assert refusal(full, {}, fill="x" * (room + 1))[0] == 414


@pytest.mark.line("WS-1g")
def test_more_handshakes_than_the_rate_allows_are_refused_and_later_ones_pass(
    throttled: Stack,
) -> None:
    def answers(wanted: int) -> bool:
        try:
            with throttled.socket({}):
                return wanted == 101
        except InvalidStatus as refused:
            return refused.response.status_code == wanted

    for wanted in (101, 429, 101):
        eventually(partial(answers, wanted))


@pytest.mark.line("WS-1h")
def test_connect_is_optional(bare: Stack) -> None:
    with bare.socket() as socket:
        assert ask(socket, action="echo")["requestContext"]["routeKey"] == "echo"


@pytest.mark.line("WS-2")
def test_a_subprotocol_is_not_echoed_by_itself(full: Stack, bare: Stack) -> None:
    with full.socket({}, subprotocols=PROTOCOLS) as socket:
        assert socket.subprotocol is None
    with bare.socket(subprotocols=PROTOCOLS) as socket:
        assert socket.subprotocol is None


@pytest.mark.line("WS-2")
def test_the_subprotocol_that_connect_returns_is_echoed(full: Stack) -> None:
    query = {"connect": {"do": "protocol"}}
    with full.socket({}, query=query, subprotocols=PROTOCOLS) as socket:
        assert socket.subprotocol == "notify.v2"


@pytest.mark.line("WS-8d")
def test_the_events_of_a_handshake_have_the_fields_of_aws(full: Stack, witness: Witness) -> None:
    context = {"userId": "u", "level": 3, "admin": True}
    order = {"witness": witness.id, "context": context}
    options: dict[str, Any] = {"user_agent_header": None, "subprotocols": PROTOCOLS[:1]}
    with full.socket(order, query={"room": ["a", "b"]}, **options):
        asked, connected = witness.told("authorizer"), witness.told("connect")
    connected["requestContext"]["authorizer"].pop("witness")
    assert shape(connected) == shapes.connect("query", "subprotocol", "authorizer")
    assert connected["multiValueQueryStringParameters"]["room"] == ["a", "b"]
    assert connected["queryStringParameters"]["room"] == "b"
    assert shape(asked) == shapes.websocket_authorizer("query", "subprotocol")
    assert asked["methodArn"].endswith("/prod/$connect")
    for event in (asked, connected):
        assert event["requestContext"]["eventType"] == "CONNECT"
    APIGatewayWebSocketConnectEventModel.model_validate(connected)


@pytest.mark.line("WS-9a")
def test_a_flat_context_comes_as_texts(full: Stack) -> None:
    context = {"text": "a", "number": 3, "part": 0.5, "yes": True}
    with full.socket({"context": context}) as socket:
        given = ask(socket, action="echo")["requestContext"]["authorizer"]
    assert isinstance(given.pop("integrationLatency"), int)
    texts = {"text": "a", "number": "3", "part": "0.5", "yes": "true"}
    assert given == {"principalId": "caller", **texts}


@pytest.mark.line("WS-9b")
@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_a_context_that_is_not_flat_is_an_internal_error(full: Stack, value: Any) -> None:
    assert refusal(full, {"context": {"nested": value}})[0] == 500


@pytest.mark.line("WS-9c")
def test_the_authorizer_is_asked_at_every_handshake(full: Stack, witness: Witness) -> None:
    for _ in range(2):
        with full.socket({"witness": witness.id}):
            witness.told("authorizer")
            witness.told("connect")
        witness.told("disconnect")


@pytest.mark.line("WS-6g")
def test_an_authorizer_s_context_has_8_kilobytes_at_most(full: Stack) -> None:
    with full.socket({"fill": 7_500}) as socket:
        event = ask(socket, action="echo")
        assert len(event["requestContext"]["authorizer"]["filling"]) == 7_500
    assert refusal(full, {"fill": 8_300})[0] == 500
