"""WebSocket APIs from outside, over a real server and the `websockets` client."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.invoker import Event, TooManyRequests
from gateway.limits import Limits
from tests.gateway import shapes
from tests.gateway.served import WAIT, Function, Served, eventually, serving
from tests.gateway.shapes import shape

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-websocket:
  stage: ws
  routeSelectionExpression: $request.body.action
  authorizer: auth.authorize
  routes:
    $connect: { function: live.connect }
    $disconnect: { function: live.disconnect }
    $default: { function: live.default, routeResponse: true }
    echo: { function: live.echo, routeResponse: true }
    quiet: { function: live.quiet }
    fail: { function: live.fail }
    odd: { function: live.odd, routeResponse: true }
    slow: { function: live.slow }
"""
BARE = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-websocket: { routes: { echo: { function: live.echo, routeResponse: true } } }
"""


def authorize(event: Event) -> Any:
    token = event["queryStringParameters"].get("token", "good")
    if token == "unknown":
        raise ValueError("Unauthorized")
    if token == "broken":
        raise ValueError("boom")
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Deny" if token == "denied" else "Allow",
        "Resource": event["methodArn"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "u", "policyDocument": policy, "context": {"userId": "u", "level": 3}}


def on_connect(event: Event) -> Any:
    query = event.get("queryStringParameters", {})
    match query.get("connect"):
        case "refuse":
            return {"statusCode": 418, "body": '{"why":"tea"}', "headers": {"content-type": "a/b"}}
        case "raise":
            raise ValueError("boom")
        case "odd":
            return None
        case "throttled":
            raise TooManyRequests("busy")
        case "push":
            address = event["headers"]["X-Forwarded-Proto"], event["requestContext"]
            answer = httpx.post(push_url(*address), content="too early")
            return {
                "statusCode": 200,
                "headers": {"Sec-WebSocket-Protocol": f"{answer.status_code}"},
            }
        case "protocol":
            offered = event["headers"]["Sec-WebSocket-Protocol"].split(", ")
            return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": offered[-1]}}
    return {"statusCode": 200}


def push_url(scheme: str, context: dict[str, Any]) -> str:
    place = f"{scheme}://{context['domainName']}/{context['stage']}"
    return f"{place}/@connections/{context['connectionId'].replace('=', '%3D')}"


def slow(event: Event) -> None:
    time.sleep(0.5)


def fail(event: Event) -> None:
    raise ValueError("a detail that nobody outside may see")


def reply(event: Event) -> Any:
    return {"statusCode": 200, "body": event["body"]}


FUNCTIONS: dict[str, Function] = {
    "auth.authorize": authorize,
    "live.connect": on_connect,
    "live.disconnect": lambda event: None,
    "live.default": lambda event: {"statusCode": 200, "body": "default"},
    "live.echo": reply,
    "live.quiet": reply,
    "live.fail": fail,
    "live.odd": lambda event: {"body": {"not": "text"}},
    "live.slow": slow,
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    limits = Limits(websocket_integration_seconds=0.3)
    with serving(SPEC, FUNCTIONS, limits=limits) as served:
        yield served


@contextmanager
def client(served: Served, query: str = "", **options: Any) -> Iterator[ClientConnection]:
    with connect(served.websocket_url + query, open_timeout=WAIT, **options) as connection:
        yield connection


def ask(connection: ClientConnection, frame: Any) -> Any:
    connection.send(frame if isinstance(frame, str) else json.dumps(frame))
    answer = connection.recv(timeout=WAIT)
    assert isinstance(answer, str)
    return json.loads(answer) if answer.startswith("{") else answer


def closed(connection: ClientConnection) -> tuple[int, str]:
    """The close frame that ends a connection."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            connection.recv(timeout=WAIT)
    assert connection.close_code is not None
    return connection.close_code, connection.close_reason or ""


def disconnects_of(served: Served, connection_id: str) -> list[Event]:
    return [
        event
        for event in served.functions.events_of("live.disconnect")
        if event["requestContext"]["connectionId"] == connection_id
    ]


def test_a_message_takes_the_route_of_its_action(served: Served) -> None:
    with client(served) as connection:
        assert ask(connection, {"action": "echo", "n": 1}) == {"action": "echo", "n": 1}

    event = served.functions.events_of("live.echo")[-1]
    assert event["requestContext"]["routeKey"] == "echo"
    assert event["requestContext"]["authorizer"]["level"] == "3"


@pytest.mark.parametrize(
    "frame",
    [
        "no JSON",
        "[1]",
        '"echo"',
        "{}",
        '{"action": "unknown"}',
        '{"action": "$connect"}',
        '{"action": "$disconnect"}',
        '{"action": null}',
        '{"action": 7}',
        '{"action": ["echo"]}',
        "[" * 10_000,
        '{"action": ' + "9" * 5000 + "}",
    ],
)
def test_what_fits_no_route_goes_to_default(served: Served, frame: str) -> None:
    with client(served) as connection:
        assert ask(connection, frame) == "default"
    event = served.functions.events_of("live.default")[-1]
    assert (event["requestContext"]["routeKey"], event["body"]) == ("$default", frame)


def test_only_a_route_response_reaches_the_client(served: Served) -> None:
    with client(served) as connection:
        connection.send('{"action": "quiet"}')
        assert ask(connection, {"action": "echo"}) == {"action": "echo"}


@pytest.mark.parametrize("action", ["fail", "odd"])
def test_a_failing_function_leaves_the_connection_open(served: Served, action: str) -> None:
    with client(served) as connection:
        complaint = ask(connection, {"action": action})

        assert complaint["message"] == "Internal server error"
        context = served.functions.events_of(f"live.{action}")[-1]["requestContext"]
        assert complaint["connectionId"] == context["connectionId"]
        assert complaint["requestId"] == context["requestId"] == context["extendedRequestId"]
        assert shape(complaint) == shapes.ERROR_FRAME
        assert ask(connection, {"action": "echo"}) == {"action": "echo"}


def test_a_late_function_leaves_the_connection_open(served: Served) -> None:
    with client(served) as connection:
        assert ask(connection, {"action": "slow"})["message"] == "Endpoint request timed out"
        assert ask(connection, {"action": "echo"}) == {"action": "echo"}


def test_without_default_an_unknown_action_is_forbidden() -> None:
    with serving(BARE, FUNCTIONS) as served, client(served) as connection:
        assert ask(connection, "no JSON")["message"] == "Forbidden"
        assert ask(connection, {"action": "echo"}) == {"action": "echo"}


def test_one_connections_messages_are_handled_one_after_the_other() -> None:
    running: list[int] = []
    seen: list[int] = []

    def count(event: Event) -> Any:
        running.append(1)
        assert len(running) == 1
        time.sleep(0.002)
        seen.append(json.loads(event["body"])["n"])
        running.pop()
        return {"statusCode": 200, "body": "done"}

    with serving(BARE, {"live.echo": count}) as served, client(served) as connection:
        for n in range(20):
            connection.send(json.dumps({"action": "echo", "n": n}))
        assert [connection.recv(timeout=WAIT) for _ in range(20)] == ["done"] * 20

    assert seen == list(range(20))


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("?token=unknown", 401, "Unauthorized"),
        ("?token=denied", 403, "Forbidden"),
        ("?token=broken", 500, "Internal server error"),
        ("?connect=raise", 502, "Internal server error"),
        ("?connect=odd", 502, "Internal server error"),
        ("?connect=throttled", 429, "Too Many Requests"),
    ],
)
def test_a_refused_handshake_is_an_http_answer(
    served: Served, query: str, status: int, message: str
) -> None:
    before = len(served.functions.events_of("live.disconnect"))

    with pytest.raises(InvalidStatus) as refused, client(served, query):
        pass

    response = refused.value.response
    assert response.status_code == status
    assert json.loads(response.body or b"")["message"] == message
    assert len(served.functions.events_of("live.disconnect")) == before
    assert len(served.app.hub) == 0


IDENTITY = "{ function: auth.authorize, identitySource: [%s] }"


@pytest.mark.parametrize("source", ["header.X-Token", "querystring.token"])
def test_without_its_identity_a_client_is_refused_unasked(source: str) -> None:
    given = IDENTITY % f"route.request.{source}"
    with serving(SPEC.replace("auth.authorize", given), FUNCTIONS) as served:
        with pytest.raises(InvalidStatus) as refused, client(served, "?token="):
            pass
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["message"] == "Unauthorized"
        assert served.functions.events == []

        with client(served, "?token=t", additional_headers={"x-token": "t"}) as connection:
            assert ask(connection, {"action": "echo"}) == {"action": "echo"}


def test_new_connections_beyond_the_rate_are_refused() -> None:
    with serving(SPEC, FUNCTIONS, limits=Limits(connections_per_second=3)) as served:
        while not is_refused(served):
            pass
        assert len(served.functions.events_of("live.connect")) % 3 == 0
        eventually(lambda: not is_refused(served))


def is_refused(served: Served) -> bool:
    """Whether a handshake is one too many."""
    try:
        with client(served):
            return False
    except InvalidStatus as refused:
        answer = refused.response
    assert answer.status_code == 429
    assert json.loads(answer.body or b"")["message"] == "Too Many Requests"
    return True


def test_messages_beyond_the_rate_are_refused() -> None:
    limits = Limits(requests_per_second=0.001, request_burst=1)
    with serving(SPEC, FUNCTIONS, limits=limits) as served, client(served) as connection:
        assert ask(connection, {"action": "echo"}) == {"action": "echo"}
        assert ask(connection, {"action": "echo"})["message"] == "Too Many Requests"
        assert len(served.functions.events_of("live.echo")) == 1


@pytest.mark.parametrize(
    ("url", "header", "status"),
    [(4096, 8_000 - 4096, 101), (4097, 0, 414), (4096, 8_000, 431), (1000, 8_000, 101)],
)
def test_a_long_url_or_a_large_head_is_refused(
    served: Served, url: int, header: int, status: int
) -> None:
    query = "?long=".ljust(url - len(served.websocket_url), "x")
    headers = {"X-Large": "x" * header}
    if status == 101:
        with client(served, query, additional_headers=headers):
            return
    with pytest.raises(InvalidStatus) as refused, client(served, query, additional_headers=headers):
        pass
    assert refused.value.response.status_code == status


def test_the_answer_of_a_refusing_connect_reaches_the_client(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused, client(served, "?connect=refuse"):
        pass

    response = refused.value.response
    assert (response.status_code, response.body) == (418, b'{"why":"tea"}')
    assert response.headers["content-type"] == "a/b"


def test_another_path_is_no_websocket(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(served.websocket_url + "/x"):
        pass

    response = refused.value.response
    assert (response.status_code, response.body) == (403, b'{"message":"Forbidden"}')


def test_a_subprotocol_is_echoed_only_when_connect_returns_it(served: Served) -> None:
    offered = [Subprotocol("a"), Subprotocol("b")]

    with client(served, subprotocols=offered) as connection:
        assert connection.subprotocol is None
    with client(served, "?connect=protocol", subprotocols=offered) as connection:
        assert connection.subprotocol == "b"


def test_a_push_from_inside_connect_is_gone(served: Served) -> None:
    with client(served, "?connect=push", subprotocols=[Subprotocol("410")]) as connection:
        assert connection.subprotocol == "410"


def test_there_is_no_compression(served: Served) -> None:
    with client(served) as connection:
        assert connection.response is not None
        assert "sec-websocket-extensions" not in connection.response.headers


def test_the_clients_host_header_does_not_say_where_pushes_go(served: Served) -> None:
    with client(served, additional_headers={"Host": "evil.example"}):
        context = served.functions.events_of("live.connect")[-1]["requestContext"]

    assert context["domainName"] == f"127.0.0.1:{served.port}"


def test_a_binary_frame_closes_with_1003(served: Served) -> None:
    with client(served) as connection:
        connection.send(b"binary")
        assert closed(connection)[0] == 1003


def test_a_message_over_128_kb_closes_with_1009(served: Served) -> None:
    with client(served) as connection:
        connection.send(["x" * 30_000] * 5)
        assert closed(connection)[0] == 1009


def test_a_frame_over_32_kb_closes_with_1009(served: Served) -> None:
    with client(served) as connection:
        connection.send("x" * 32_769)
        assert closed(connection)[0] == 1009


def test_a_message_of_several_frames_passes(served: Served) -> None:
    text = json.dumps({"action": "echo", "text": "x" * 100_000})
    with client(served, max_size=None) as connection:
        connection.send([text[start : start + 32_000] for start in range(0, len(text), 32_000)])
        assert connection.recv(timeout=WAIT) == text


def connection_id_of(connection: ClientConnection) -> str:
    return str(ask(connection, {"action": "fail"})["connectionId"])


def ended(served: Served, connection_id: str) -> tuple[int, str]:
    """How $disconnect was told, exactly once, that a connection ended."""
    deadline = time.monotonic() + WAIT
    while not disconnects_of(served, connection_id):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (event,) = disconnects_of(served, connection_id)
    context = event["requestContext"]
    assert context["authorizer"]["userId"] == "u"
    return context["disconnectStatusCode"], context["disconnectReason"]


def test_disconnect_hears_the_clients_code_and_reason(served: Served) -> None:
    with client(served) as connection:
        connection_id = connection_id_of(connection)
        connection.close(4123, "enough")

    assert ended(served, connection_id) == (4123, "enough")


def test_disconnect_hears_of_a_vanished_client(served: Served) -> None:
    with client(served) as connection:
        connection_id = connection_id_of(connection)
        connection.socket.shutdown(socket.SHUT_RDWR)

    assert ended(served, connection_id)[0] == 1006


def test_disconnect_hears_of_a_too_big_message(served: Served) -> None:
    with client(served) as connection:
        connection_id = connection_id_of(connection)
        connection.send("x" * 40_000)

    assert ended(served, connection_id)[0] == 1009


def test_disconnect_runs_when_the_server_stops() -> None:
    with serving(SPEC, FUNCTIONS) as served, client(served) as connection:
        connection_id = connection_id_of(connection)
        served.server.should_exit = True
        assert closed(connection)[0] == 1012

    assert ended(served, connection_id)[0] == 1012


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(idle_seconds=0.1, sweep_seconds=0.02), "idle"),
        (Limits(connection_seconds=0.1, sweep_seconds=0.02), "open"),
    ],
)
def test_idle_and_old_connections_close_with_1001(limits: Limits, reason: str) -> None:
    with serving(SPEC, FUNCTIONS, limits=limits) as served, client(served) as connection:
        connection_id = connection_id_of(connection)
        code, text = closed(connection)
        assert code == 1001
        assert reason in text
        assert ended(served, connection_id)[0] == 1001


@contextmanager
def deaf_client(served: Served) -> Iterator[socket.socket]:
    """A client that has shaken hands and reads nothing more."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(WAIT)
        raw.connect(("127.0.0.1", served.port))
        raw.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += raw.recv(1)
        assert b" 101 " in head
        yield raw


def push_until(served: Served, context: dict[str, Any], status: int) -> None:
    """Push much, again and again, until that is the answer."""
    url, body = push_url("http", context), b"x" * 50_000
    eventually(lambda: served.http.post(url, content=body).status_code == status)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(queued_messages=5, close_seconds=0.05),
        Limits(queued_bytes=100_000, close_seconds=0.05),
    ],
)
def test_a_client_that_never_reads_is_cut(limits: Limits) -> None:
    with serving(SPEC, FUNCTIONS, limits=limits) as served, deaf_client(served):
        context = served.events_of("live.connect")[0]["requestContext"]
        push_until(served, context, 410)

        assert ended(served, context["connectionId"])[0] == 4008
        assert len(served.app.hub) == 0


def test_a_slow_client_learns_why_it_was_closed() -> None:
    limits = Limits(queued_messages=5, close_seconds=WAIT)
    with serving(SPEC, FUNCTIONS, limits=limits) as served, deaf_client(served) as raw:
        context = served.events_of("live.connect")[0]["requestContext"]
        push_until(served, context, 429)

        received = b""
        while not (received.endswith(b"read") and b"Slow consumer" in received):
            received += (more := raw.recv(65_536))
            assert more, "it was cut before it could read why"

        frame = received[received.rindex(b"Slow consumer") - 4 :]
        assert frame[0] == 0x88  # a close frame
        assert struct.unpack("!H", frame[2:4]) == (4008,)


def test_a_deaf_client_does_not_hold_up_others() -> None:
    with serving(SPEC, FUNCTIONS) as served, deaf_client(served):
        context = served.events_of("live.connect")[0]["requestContext"]
        with client(served) as connection:
            pushing = threading.Thread(target=push_until, args=(served, context, 429))
            pushing.start()
            assert ask(connection, {"action": "echo"}) == {"action": "echo"}
            pushing.join(WAIT)
            assert not pushing.is_alive()
