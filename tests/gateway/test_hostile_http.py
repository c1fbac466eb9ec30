"""HTTP from clients that are broken or malicious: each is refused, and nothing of it is kept."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from gateway.http_protocol import AT_ONCE, GatewayHttpProtocol
from tests.gateway.hostile import (
    FUNCTIONS,
    LARGE,
    LIMITS,
    SPEC,
    Complaints,
    assert_unharmed,
    dial,
    flood,
    handshake,
    listening_to_the_log,
    rest,
    send,
    status,
    tasks,
    trickle,
)
from tests.gateway.served import Served, eventually, serving

GET = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n"
H2C = GET[:-2] + b"upgrade: h2c\r\nconnection: upgrade\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
SENT_AT_MOST = 20_000_000
"""Of what is refused: the buffers of both sides' systems hold some megabytes."""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Served, Complaints, int]]:
    with serving(SPEC, FUNCTIONS, limits=LIMITS) as served, listening_to_the_log() as complaints:
        yield served, complaints, tasks(served)


@pytest.fixture
def served(running: tuple[Served, Complaints, int]) -> Iterator[Served]:
    """After each test it must be as if nothing had happened."""
    served, complaints, tasks_before = running
    complaints.texts.clear()
    yield served
    assert_unharmed(served, complaints, tasks_before)


def test_a_silent_client_is_let_go(served: Served) -> None:
    with dial(served) as client:
        started = time.monotonic()
        assert rest(client) == b""
        assert time.monotonic() - started >= LIMITS.head_seconds


def test_a_client_that_falls_silent_after_an_answer_is_let_go(served: Served) -> None:
    with dial(served) as client:
        client.sendall(GET)
        assert status(rest(client)) == 200


@pytest.mark.parametrize("head", [GET, handshake()])
def test_a_head_that_comes_byte_by_byte_is_cut(served: Served, head: bytes) -> None:
    with dial(served) as client:
        trickle(client, head)
        assert status(rest(client)) == 408


def test_line_ends_instead_of_a_request_are_cut(served: Served) -> None:
    with dial(served) as client:
        trickle(client, b"\r\n" * 1000)
        assert status(rest(client)) in {0, 408}


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /" + b"a" * 4000, b"a" * 4096),
        (b"GET /hello HTTP/1.1\r\n", b"name: value\r\n" * 400),
        (b"GET /hello HTTP/1.1\r\nname: ", b"a" * 4096),
        (b"GET /hello HTTP/1.1\r\n", b"a" * 4096),
        (b"", b"\r\n" * 2048),
        (CHUNKED + b"0\r\n", b"name: value\r\n" * 400),
        (CHUNKED + b"0\r\nname: ", b"a" * 4096),
        (CHUNKED + b"1;a=", b"a" * 4096),
        (handshake()[:-2], b"name: value\r\n" * 400),
    ],
    ids=[
        *("request line", "headers", "header value", "header name", "line ends"),
        *("trailers", "trailer value", "chunk extension", "headers of a handshake"),
    ],
)
def test_a_head_without_end_is_refused(served: Served, start: bytes, more: bytes) -> None:
    with dial(served) as client:
        send(client, start)
        assert flood(client, more) < SENT_AT_MOST
        assert status(rest(client)) == 431


@pytest.mark.parametrize(
    "head",
    [
        b"GET /hello HTTP/1.1\r\n" + b"a:b\r\n" * 20_000 + b"\r\n",
        b"GET /hello HTTP/1.1\r\na: " + b"b" * 10_000_000 + b"\r\n\r\n",
        b"GET /hello?" + b"b" * 50_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /hello?" + b"b" * 11_000 + b" HTTP/1.1\r\n\r\n",
        handshake()[:-2] + b"a:b\r\n" * 10_000 + b"\r\n",
    ],
    ids=["many headers", "large header", "long line", "longish line", "headers of a handshake"],
)
def test_a_head_that_is_too_large_is_refused(served: Served, head: bytes) -> None:
    with dial(served) as client:
        send(client, head)
        assert status(rest(client)) == 431


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"content-length: 1000", b""),
        (b"content-length: 1000", b"a" * 999),
        (b"transfer-encoding: chunked", b"5\r\nhello\r\n"),
        (b"transfer-encoding: chunked", b"1\r\na\r\n" * 200),
    ],
    ids=["announced", "announced byte by byte", "chunk", "chunk byte by byte"],
)
def test_a_body_that_does_not_end_is_cut(served: Served, head: bytes, body: bytes) -> None:
    with dial(served) as client:
        send(client, b"POST /echo HTTP/1.1\r\nhost: a\r\n%b\r\n\r\n" % head)
        trickle(client, body)
        assert status(rest(client)) == 408


@pytest.mark.parametrize(
    ("path", "expected"), [(b"/echo", {413}), (b"/closed", {401, 403}), (b"/none", {404})]
)
def test_a_body_that_nobody_reads_to_its_end_is_cut(
    served: Served, path: bytes, expected: set[int]
) -> None:
    with dial(served) as client:
        send(client, CHUNKED.replace(b"/echo", path))
        flood(client, b"2000\r\n" + b"a" * 8192 + b"\r\n", 1_000_000)
        trickle(client, b"2000\r\n" + b"a" * 8192)
        assert status(rest(client)) in expected


def test_a_connection_goes_on_after_a_body_that_nobody_has_read(served: Served) -> None:
    with dial(served) as client:
        client.sendall(CHUNKED.replace(b"/echo", b"/closed"))
        assert status(client.recv(65536)) == 401
        client.sendall(b"5\r\nhello\r\n0\r\n\r\n" + GET)
        assert status(client.recv(65536)) == 200
        client.sendall(b"nonsense")
        assert status(rest(client)) == 400


def test_a_large_body_is_refused_while_more_of_it_comes(served: Served) -> None:
    with dial(served) as client:
        send(client, CHUNKED)
        assert flood(client, b"2000\r\n" + b"a" * 8192 + b"\r\n") < SENT_AT_MOST
        assert status(rest(client)) == 413


def test_many_requests_at_once_are_all_answered_and_few_are_kept(served: Served) -> None:
    with dial(served) as client:
        eventually(lambda: len(served.server.server_state.connections) == 1)
        client.sendall(GET * 2000)
        (protocol,) = served.server.server_state.connections
        assert isinstance(protocol, GatewayHttpProtocol)
        answers = b""
        while part := client.recv(4096):
            answers += part
            assert len(protocol.pipeline) <= AT_ONCE // len(GET)
        assert answers.count(b"HTTP/1.1 200 ") == 2000


@pytest.mark.parametrize("requests", [1, 20])
def test_who_does_not_read_the_answers_is_cut(served: Served, requests: int) -> None:
    large = GET.replace(b"hello", b"large")
    with dial(served, buffer=4096) as client:
        state = served.server.server_state
        answered = state.total_requests
        client.sendall(large * requests)
        eventually(lambda: state.total_requests > answered)
        eventually(lambda: not state.connections)
        assert state.total_requests < answered + 5


def test_who_reads_steadily_gets_it_all(served: Served) -> None:
    with dial(served) as client:
        client.sendall(GET[:-2].replace(b"hello", b"large") + b"connection: close\r\n\r\n")
        received, started = 0, time.monotonic()
        # At a pace that takes four times as long as a client may stand still.
        while part := client.recv(len(LARGE) // 80):
            received += len(part)
            time.sleep(LIMITS.send_seconds / 20)
        assert received > len(LARGE)
        assert time.monotonic() - started > LIMITS.send_seconds * 2


@pytest.mark.parametrize("version", ["8", "13"])
def test_a_handshake_behind_an_answer_that_is_not_read_is_cut(served: Served, version: str) -> None:
    state = served.server.server_state
    answered = state.total_requests
    with dial(served, buffer=4096) as client:
        client.sendall(GET.replace(b"hello", b"large"))
        eventually(lambda: state.total_requests > answered)
        send(client, handshake(Sec_WebSocket_Version=version))
        most = 0

        def cut() -> bool:
            nonlocal most
            most = max(most, len(served.app.hub))
            return not state.connections

        eventually(cut)
        assert most == 0


def test_a_request_that_waits_for_its_turn_has_time_for_its_body(served: Served) -> None:
    first = GET.replace(b"hello", b"slow")
    with dial(served) as client:
        send(client, first + b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        send(client, b"hello")
        received = rest(client)
        assert status(received) == 200
        assert received.endswith(b"hello")


def test_an_answer_without_end_ends_when_the_client_hangs_up() -> None:
    async def ticks() -> AsyncIterator[bytes]:
        while True:
            yield b"tick"
            await asyncio.sleep(0.01)

    async def endless(_: Request) -> StreamingResponse:
        return StreamingResponse(ticks())

    routes = [Route("/endless", endless)]
    with serving(SPEC, FUNCTIONS, limits=LIMITS, extra_routes=routes) as served:
        with dial(served) as client:
            client.sendall(GET.replace(b"hello", b"endless") + GET)
            received = b""
            while b"tick" not in received:
                received += client.recv(65536)
        eventually(lambda: not served.server.server_state.tasks)


def test_trailers_are_no_headers(served: Served) -> None:
    with dial(served) as client:
        send(client, CHUNKED + b"5\r\nhello\r\n0\r\nauthorization: a\r\n\r\n" + GET)
        assert rest(client).count(b"HTTP/1.1 200 ") == 2
    for function in ("things.echo", "things.hello"):
        assert "authorization" not in served.functions.events_of(function)[-1]["headers"]


@pytest.mark.parametrize(
    "bytes_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"HELO example.com\r\n",
        b"GET\r\n\r\n",
        b"GET /hello HTTP/9.9\r\n\r\n",
        b"GET hello HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nbad name: a\r\n\r\n",
        b"GET /hello HTTP/1.1\r\na: b\x00c\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        CHUNKED + b"nonsense\r\n",
        CHUNKED + b"5\r\nhello world\r\n",
        CHUNKED + b"ffffffffffffffffffff\r\n",
        GET[:-2] + b"upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 5\r\n\r\nhello",
        H2C[:-2] + b"content-length: 33\r\n\r\n" + GET,
        H2C[:-2] + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_with_400(served: Served, bytes_: bytes) -> None:
    with dial(served) as client:
        send(client, bytes_)
        received = rest(client)
        assert status(received) == 400
        assert received.endswith(b'{"message":"Bad Request"}')


def test_a_request_to_upgrade_to_something_else_is_answered_as_plain(served: Served) -> None:
    with dial(served) as client:
        send(client, H2C + GET * 2)
        assert rest(client).count(b"HTTP/1.1 200 ") == 3


def test_a_handshake_behind_an_unanswered_request_is_cut(served: Served) -> None:
    with dial(served) as client:
        send(client, GET.replace(b"hello", b"large") + handshake())
        assert b"HTTP/1.1 101" not in rest(client)


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(served: Served) -> None:
    whole = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    for length in range(len(whole)):
        with dial(served) as client:
            client.sendall(whole[:length])


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_do_no_harm(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    grammar = [GET, CHUNKED, handshake(), b"\r\n", b": ", b"5\r\nhello\r\n", b"0\r\n\r\n", b"HTTP/"]
    for _ in range(40):
        data = bytearray(b"".join(chance.choices(grammar, k=chance.randint(1, 4))))
        for _ in range(chance.randint(0, 6)):
            at = chance.randint(0, len(data))
            data[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        with dial(served) as client:
            send(client, data)
            if chance.random() < 0.1:
                rest(client)
