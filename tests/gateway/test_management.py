"""@connections from outside, through AWS's own client."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gateway.invoker import Event
from gateway.limits import Limits
from tests.gateway import shapes
from tests.gateway.served import WAIT, Served, eventually, serving
from tests.gateway.shapes import shape

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-websocket:
  routes:
    $connect: { function: live.connect }
    $disconnect: { function: live.disconnect }
"""
KEY, SECRET = "AKLOCAL", "local secret"
UNKNOWN = "BFHPhfCWIAMCKlQ="


def admit(event: Event) -> Any:
    return {"statusCode": 200}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    functions = {"live.connect": admit, "live.disconnect": admit}
    with serving(SPEC, functions, credentials=(KEY, SECRET)) as served:
        yield served


def manager(served: Served, *, stage: str = "/ws", secret: str = SECRET, key: str = KEY) -> Any:
    # botocore would try again for seconds after a 429.
    return botocore.session.get_session().create_client(
        "apigatewaymanagementapi",
        endpoint_url=served.url + stage,
        region_name="eu-central-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )


@contextmanager
def connected(served: Served, **options: Any) -> Iterator[tuple[ClientConnection, str]]:
    before = len(served.functions.events_of("live.connect"))
    with connect(served.websocket_url, user_agent_header="client/1.0", **options) as connection:
        event = served.events_of("live.connect", before + 1)[-1]
        yield connection, event["requestContext"]["connectionId"]


def refusal(raised: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.parametrize("stage", ["/ws", ""])
def test_a_push_reaches_the_client(served: Served, stage: str) -> None:
    with connected(served) as (connection, connection_id):
        client = manager(served, stage=stage)
        client.post_to_connection(ConnectionId=connection_id, Data="grün".encode())
        assert connection.recv(timeout=WAIT) == "grün"


@pytest.mark.parametrize("route", ["/{proxy+}", "/$default", "/ws/@connections/{id}"])
def test_no_route_of_the_spec_gets_a_push(route: str) -> None:
    operation = "x-amazon-apigateway-any-method: { operationId: f.any }"
    spec = SPEC.replace("paths: {}", f"paths:\n  {route}: {{ {operation} }}")
    functions = {"live.connect": admit, "live.disconnect": admit, "f.any": admit}
    page = Mount("/ws", PlainTextResponse("a page"))
    with serving(spec, functions, extra_routes=[page]) as served:
        with connected(served) as (connection, connection_id):
            for stage in ("/ws", ""):
                pushed = served.http.post(
                    f"{stage}/%40connections/{connection_id}", content="hello"
                )
                assert pushed.status_code == 200
                assert connection.recv(timeout=WAIT) == "hello"
        assert not served.functions.events_of("f.any")


def test_pushes_keep_their_order(served: Served) -> None:
    with connected(served) as (connection, connection_id):
        client = manager(served)
        for n in range(50):
            client.post_to_connection(ConnectionId=connection_id, Data=str(n).encode())
        assert [connection.recv(timeout=WAIT) for _ in range(50)] == [str(n) for n in range(50)]


def test_a_connection_can_be_looked_at(served: Served) -> None:
    with connected(served) as (_, connection_id):
        found = manager(served).get_connection(ConnectionId=connection_id)

    assert found["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "client/1.0"}
    assert found["LastActiveAt"] >= found["ConnectedAt"]


def test_the_answer_about_a_connection_has_aws_fields() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    with serving(SPEC, functions) as served, connected(served) as (_, connection_id):
        answer = served.http.get(f"/ws/@connections/{connection_id}").json()

    assert shape(answer) == shapes.GET_CONNECTION
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(time, answer["connectedAt"])
    assert re.fullmatch(time, answer["lastActiveAt"])


def test_a_deleted_connection_is_closed(served: Served) -> None:
    with connected(served) as (connection, connection_id):
        manager(served).delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=WAIT)
        with pytest.raises(ClientError) as raised:
            manager(served).post_to_connection(ConnectionId=connection_id, Data=b"x")
    assert refusal(raised) == (410, "GoneException")


@pytest.mark.parametrize("call", ["post_to_connection", "get_connection", "delete_connection"])
def test_an_unknown_connection_is_gone(served: Served, call: str) -> None:
    client = manager(served)
    data = {"Data": b"x"} if call == "post_to_connection" else {}

    with pytest.raises(client.exceptions.GoneException):
        getattr(client, call)(ConnectionId=UNKNOWN, **data)


@pytest.mark.parametrize("bad", ["short", "a/b", "%42FHPhfCWIAMCKlQ=", "ünicode"])
def test_a_malformed_id_is_a_bad_request(served: Served, bad: str) -> None:
    with pytest.raises(ClientError) as raised:
        manager(served).post_to_connection(ConnectionId=bad, Data=b"x")

    assert refusal(raised) == (400, "BadRequestException")


def test_a_message_over_128_kb_is_too_large(served: Served) -> None:
    with connected(served) as (connection, connection_id):
        client = manager(served)
        with pytest.raises(client.exceptions.PayloadTooLargeException):
            client.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_073)
        client.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_072)
        assert connection.recv(timeout=WAIT) == "x" * 131_072


def test_a_client_that_does_not_read_is_a_limit_exceeded_and_then_gone() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    with (
        serving(SPEC, functions, limits=Limits(queued_messages=1, close_seconds=1)) as served,
        connected(served, close_timeout=0.1) as (_, connection_id),
    ):
        client = manager(served)

        def push(times: int) -> None:
            for _ in range(times):
                client.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_072)

        # The client's own buffers take the first of them.
        for _ in range(2):
            with pytest.raises(client.exceptions.LimitExceededException):
                push(1000)
        eventually(lambda: not served.app.hub)
        with pytest.raises(client.exceptions.GoneException):
            push(1)


def test_too_many_pushes_are_a_limit_exceeded() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    limits = Limits(requests_per_second=0.001, request_burst=2)
    with serving(SPEC, functions, limits=limits) as served, connected(served) as (_, connection_id):
        client = manager(served)
        for text in (b"one", b"two"):
            client.post_to_connection(ConnectionId=connection_id, Data=text)
        with pytest.raises(client.exceptions.LimitExceededException):
            client.get_connection(ConnectionId=connection_id)


def test_a_stage_may_be_named_like_the_api() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    spec = SPEC.replace("routes:", "stage: connections\n  routes:")
    with serving(spec, functions) as served:
        served.websocket_url = f"ws://127.0.0.1:{served.port}/connections"
        with connected(served) as (connection, connection_id):
            client = manager(served, stage="/connections")
            client.post_to_connection(ConnectionId=connection_id, Data=b"x")
            assert connection.recv(timeout=WAIT) == "x"


def test_an_id_is_unquoted_once(served: Served) -> None:
    with connected(served) as (_, connection_id):
        client = manager(served)
        twice = connection_id.replace("=", "%3D")
        with pytest.raises(ClientError) as raised:
            client.post_to_connection(ConnectionId=twice, Data=b"x")

    assert refusal(raised) == (400, "BadRequestException")


def test_data_that_is_no_text_is_a_bad_request(served: Served) -> None:
    with connected(served) as (_, connection_id), pytest.raises(ClientError) as raised:
        manager(served).post_to_connection(ConnectionId=connection_id, Data=b"\xff")

    assert refusal(raised) == (400, "BadRequestException")


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"key": "AKOTHER"}])
def test_another_signature_is_forbidden(served: Served, wrong: dict[str, str]) -> None:
    client = manager(served, **wrong)

    with (
        connected(served) as (_, connection_id),
        pytest.raises(client.exceptions.ForbiddenException),
    ):
        client.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_an_unsigned_call_is_forbidden_whether_the_connection_exists_or_not(served: Served) -> None:
    with connected(served) as (_, connection_id):
        for each in (connection_id, UNKNOWN, "malformed"):
            response = served.http.post(f"/ws/@connections/{each}", content="x")
            assert response.status_code == 403
            assert response.headers["x-amzn-errortype"] == "ForbiddenException"


def test_without_credentials_everybody_may_push() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    with serving(SPEC, functions) as served, connected(served) as (connection, connection_id):
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", connection_id)
        for spelling in (connection_id, connection_id.replace("=", "%3D")):
            assert served.http.post(f"/ws/@connections/{spelling}", content="x").status_code == 200
            assert connection.recv(timeout=WAIT) == "x"
        assert served.http.put(f"/ws/@connections/{connection_id}").status_code == 404


def test_half_a_push_is_none() -> None:
    functions = {"live.connect": admit, "live.disconnect": admit}
    with serving(SPEC, functions) as served, connected(served) as (connection, connection_id):
        path = f"/ws/@connections/{connection_id}"
        head = f"POST {path} HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(head.encode() + b"half")
        # The server has read the end of that connection before it answers this one.
        assert served.http.post(path, content="whole").status_code == 200
        assert connection.recv(timeout=WAIT) == "whole"
