"""Functions that crash, recurse, take all memory or never end: the gateway and the others go on."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.conformance.sockets import connection_id
from tests.conformance.stack import Stack

PATH = "/act-dangerously"


@pytest.fixture
def bystander(full: Stack) -> Iterator[ClientConnection]:
    """A connection that is still the same one when all is over."""
    with full.socket({}) as socket:
        before = connection_id(socket)
        yield socket
        assert connection_id(socket) == before


def fails_and_the_next_one_does_not(full: Stack, order: dict[str, Any]) -> None:
    response = full.act(order, PATH)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert full.act({"do": "count"}, PATH).status_code == 200


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-6a")
@pytest.mark.parametrize("status", [0, 3])
def test_a_function_that_exits(full: Stack, bystander: ClientConnection, status: int) -> None:
    fails_and_the_next_one_does_not(full, {"do": "exit", "status": status})


@pytest.mark.line("LAMBDA-6b")
def test_a_function_that_recurses_without_end(full: Stack, bystander: ClientConnection) -> None:
    fails_and_the_next_one_does_not(full, {"do": "recurse"})


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-6a", "LAMBDA-6b")
def test_a_function_that_overflows_its_stack(full: Stack, bystander: ClientConnection) -> None:
    fails_and_the_next_one_does_not(full, {"do": "overflow"})


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-6c")
def test_a_function_that_allocates_a_gigabyte(full: Stack, bystander: ClientConnection) -> None:
    fails_and_the_next_one_does_not(full, {"do": "allocate", "megabytes": 1024})


@pytest.mark.line("LAMBDA-6d")
def test_a_function_that_sleeps_past_its_timeout(full: Stack, bystander: ClientConnection) -> None:
    began = time.monotonic()
    fails_and_the_next_one_does_not(full, {"do": "sleep", "seconds": 20})
    assert 2.9 < time.monotonic() - began < 15


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-6d")
def test_after_a_timeout_the_environment_is_a_new_one(full: Stack) -> None:
    before = full.act({"do": "count"}, "/act-briefly").json()
    full.act({"do": "sleep", "seconds": 5}, "/act-briefly")
    after = full.act({"do": "count"}, "/act-briefly").json()
    assert after["process"] != before["process"] or after["invocations"] < before["invocations"]


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-6a")
def test_a_websocket_route_whose_function_exits(full: Stack) -> None:
    with full.socket({}) as socket:
        own = connection_id(socket)
        socket.send('{"action": "act-briefly", "do": "exit", "status": 3}')
        frame = socket.recv(timeout=20)
        assert '"Internal server error"' in frame
        assert connection_id(socket) == own
