"""The edge: whose address the runners see, what it refuses, and what it writes down."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.compose.system import CONNECTIONS, REQUEST_BURST, System
from tests.runner import ask, bearer

pytestmark = pytest.mark.compose

SPOOFED = "203.0.113.7"


def raw(system: System, request: bytes) -> bytes:
    """What the edge answers to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", system.port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def get(target: str, headers: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: edge\r\n{headers}Connection: close\r\n\r\n".encode()


def test_the_runner_sees_the_clients_own_address_whatever_it_claims(system: System) -> None:
    user_id, token = system.person()
    claims = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "Forwarded"), SPOOFED)
    headers = {**bearer(token), **claims}
    address = f"ws://127.0.0.1:{system.port}/ws"
    with connect(address, additional_headers=headers, compression=None) as opened:
        ask(opened, action="sync")
        (mine,) = [each for each in system.open_connections() if each["userId"] == user_id]
    answer = system.http.get("/api/health", headers=claims)
    client = system.logged("/api/health", answer.headers["x-request-id"])["client"]
    edges = [
        network["IPAddress"]
        for network in system.inspect(system.containers("edge")[0])["NetworkSettings"][
            "Networks"
        ].values()
    ]
    assert mine["sourceIp"] == client
    assert client != SPOOFED
    assert client not in edges


@pytest.mark.parametrize(
    "target",
    [
        "/@connections/AAAAAAAAAAAAAAA=",
        "/ws/@connections/AAAAAAAAAAAAAAA=",
        "/%40connections/AAAAAAAAAAAAAAA=",
        "/ws/%40%63onnections/AAAAAAAAAAAAAAA=",
        "/@connections/../api/health",
        "/ws/@connections/%2e%2E/%2e%2e/api/health",
        "/@connections%2fAAAAAAAAAAAAAAA=",
        "/@connections/..%2fapi/health",
        "//@connections/AAAAAAAAAAAAAAA=",
        "http://edge/@connections/AAAAAAAAAAAAAAA=",
        "/@connections/../ws",
    ],
)
def test_the_address_for_pushes_is_not_reached_from_outside(system: System, target: str) -> None:
    request_id = uuid4().hex
    answer = raw(system, get(target, f"X-Request-Id: {request_id}\r\n"))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b'\r\n\r\n{"message":"Not Found"}')
    assert system.logged(target.removeprefix("http://edge"), request_id)["runner"] == ""


def test_a_body_over_ten_megabytes_is_refused(system: System) -> None:
    just_over = b"x" * (10 * 1024 * 1024 + 1)
    answer = system.http.post("/api/login", content=just_over)
    assert answer.status_code == 413
    assert answer.json() == {"message": "Request Entity Too Large"}


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"/api/health?{'x' * 10_300}", ""),
        ("/api/health", f"X-Long: {'x' * 10_300}\r\n"),
        ("/api/health", f"X-One: {'x' * 5_200}\r\nX-Two: {'x' * 5_200}\r\n"),
    ],
)
def test_a_request_head_over_ten_kilobytes_is_refused(
    system: System, target: str, headers: str
) -> None:
    answer = raw(system, get(target, headers))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b'\r\n\r\n{"message":"Request Header Fields Too Large"}')


def test_a_request_head_just_under_ten_kilobytes_is_served(system: System) -> None:
    answer = raw(system, get("/api/health", f"X-Long: {'x' * 9_900}\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_nonsense_is_a_bad_request_in_json(system: System) -> None:
    assert raw(system, b"nonsense\r\n\r\n").endswith(b'{"message":"Bad Request"}')


def test_every_answer_has_a_request_id_and_a_line_in_the_log(system: System) -> None:
    answers = [system.http.get(path) for path in ("/api/health", "/nowhere", "/@connections/x")]
    for answer in answers:
        entry = system.logged(answer.url.path, answer.headers["x-request-id"])
        assert entry["status"] == answer.status_code
        assert entry["gatewayRequestId"] == answer.headers.get("apigw-requestid", "")


def test_a_callers_request_id_is_kept_when_it_is_one(system: System) -> None:
    given = {"X-Request-Id": "order-4711-a"}
    assert system.http.get("/api/health", headers=given).headers["x-request-id"] == "order-4711-a"
    for wrong in ("short", "x" * 65, 'with "quotes"'):
        answer = system.http.get("/api/health", headers={"X-Request-Id": wrong})
        assert answer.headers["x-request-id"] != wrong


def test_one_client_has_so_many_connections_and_no_more(system: System) -> None:
    _, token = system.person()
    address = f"ws://127.0.0.1:{system.port}/ws"

    def open_one() -> ClientConnection:
        return connect(address, additional_headers=bearer(token), compression=None)

    with ExitStack() as opened:
        for _ in range(CONNECTIONS):
            opened.enter_context(open_one())
        with pytest.raises(InvalidStatus) as refused:
            open_one()
    assert refused.value.response.status_code == 429
    assert refused.value.response.body == b'{"message":"Too Many Requests"}'


def test_one_client_has_so_many_requests_and_no_more(system: System) -> None:
    # In one piece, or a slow machine would not exceed the limit. No claim makes it another client.
    count = REQUEST_BURST * 6
    request = b"GET /nowhere HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: 10.0.0.%d\r\n"
    requests = [request % (number % 200) for number in range(count)]
    requests[-1] += b"Connection: close\r\n"
    answers = raw(system, b"".join(each + b"\r\n" for each in requests))
    assert answers.count(b"HTTP/1.1 404 ") >= REQUEST_BURST
    assert answers.count(b"HTTP/1.1 429 ") > 0
