"""$disconnect: what functions learn of the end of a connection."""

import socket as sockets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayWebSocketDisconnectEventModel
from websockets.sync.client import ClientConnection

from tests.conformance.sockets import Witness, closed
from tests.conformance.stack import Stack
from tests.gateway import shapes
from tests.gateway.shapes import shape

CONTEXT = {"userId": "u", "level": 3, "admin": True}


@contextmanager
def opened(full: Stack, witness: Witness) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """A connection, and what $connect got."""
    order = {"witness": witness.id, "context": CONTEXT}
    with full.socket(order, user_agent_header=None) as socket:
        witness.told("authorizer")
        yield socket, witness.told("connect")


def how_it_ended(event: dict[str, Any]) -> tuple[int, str]:
    about = event["requestContext"]
    return about["disconnectStatusCode"], about["disconnectReason"]


@pytest.mark.line("WS-8a", "WS-8b", "WS-8d")
def test_disconnect_tells_code_reason_and_the_authorizer_s_context(
    full: Stack, witness: Witness
) -> None:
    with opened(full, witness) as (socket, connected):
        socket.close(4321, "bye")
    event = witness.told("disconnect")
    assert how_it_ended(event) == (4321, "bye")
    before, after = connected["requestContext"], event["requestContext"]
    assert after["authorizer"] == before["authorizer"]
    for name in ("connectionId", "connectedAt", "domainName", "stage", "apiId"):
        assert after[name] == before[name]
    after["authorizer"].pop("witness")
    assert shape(event) == shapes.disconnect("authorizer")
    assert after["requestId"] == after["extendedRequestId"] != before["requestId"]
    APIGatewayWebSocketDisconnectEventModel.model_validate(event)


@pytest.mark.line("WS-8a")
def test_a_close_frame_without_a_code_is_1005(full: Stack, witness: Witness) -> None:
    with opened(full, witness) as (socket, _):
        with socket.send_context():
            socket.protocol.send_close()
        event = witness.told("disconnect")
    assert how_it_ended(event) == (1005, "Client-side close frame status not set")


@pytest.mark.line("WS-8a")
def test_a_client_that_vanishes_is_1006(full: Stack, witness: Witness) -> None:
    with opened(full, witness) as (socket, _):
        socket.socket.shutdown(sockets.SHUT_RDWR)
        event = witness.told("disconnect")
    assert event["requestContext"]["disconnectStatusCode"] == 1006


@pytest.mark.line("WS-8a")
def test_a_connection_that_the_application_closes_is_told_too(
    full: Stack, witness: Witness
) -> None:
    with opened(full, witness) as (socket, connected):
        own = connected["requestContext"]["connectionId"]
        full.connections().delete_connection(ConnectionId=own)
        event = witness.told("disconnect")
        assert how_it_ended(event) == closed(socket)
    assert event["requestContext"]["connectionId"] == own
