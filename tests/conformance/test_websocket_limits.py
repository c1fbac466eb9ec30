"""Sizes and times of a WebSocket API, and what closes a connection that exceeds them."""

import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.conformance.sockets import ask, closed, connection_id
from tests.conformance.stack import Stack

FRAME = 32 * 1024
MESSAGE = 128 * 1024
ECHO = '{"action": "quiet", "fill": "%s"}'


def text(size: int) -> str:
    """A message of so many bytes."""
    return ECHO % ("x" * (size - len(ECHO) + 2))


def in_frames(message: str) -> list[str]:
    return [message[start : start + FRAME] for start in range(0, len(message), FRAME)]


@pytest.mark.line("WS-6a", "WS-6b")
def test_a_whole_message_in_whole_frames_passes(full: Stack) -> None:
    with full.socket({}) as socket:
        socket.send(text(FRAME))
        socket.send(in_frames(text(MESSAGE)))
        assert connection_id(socket)


@pytest.mark.line("WS-6a")
def test_a_larger_frame_closes_the_connection(full: Stack) -> None:
    with full.socket({}) as socket:
        socket.send(text(FRAME + 1))
        assert closed(socket)[0] == 1009


@pytest.mark.line("WS-6b")
def test_a_larger_message_closes_the_connection(full: Stack) -> None:
    with full.socket({}) as socket:
        socket.send(in_frames(text(MESSAGE + 1)))
        assert closed(socket)[0] == 1009


@pytest.mark.line("WS-6c")
def test_a_binary_message_closes_the_connection(full: Stack) -> None:
    with full.socket({}) as socket:
        socket.send(b'{"action": "echo"}')
        assert closed(socket)[0] == 1003


@pytest.mark.line("WS-6d", "WS-6e")
def test_the_idle_and_the_old_are_told_to_go(limited: Stack) -> None:
    limits, began = limited.limits, time.monotonic()
    with limited.socket({}) as idle, limited.socket({}) as busy:
        connection_id(idle)
        while is_open(idle, limits.idle / 4):
            ask(busy, action="echo")
        assert idle.close_code == 1001
        assert limits.idle * 0.9 < time.monotonic() - began < limits.connection
        while is_open(busy, limits.idle / 4):
            assert time.monotonic() - began < limits.connection + 10
            busy.send(text(100))
        assert busy.close_code == 1001
    assert time.monotonic() - began > limits.connection * 0.9


def is_open(socket: ClientConnection, seconds: float) -> bool:
    """Whether it stays open and silent for so long."""
    try:
        socket.recv(timeout=seconds)
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False
    raise AssertionError("a frame that nobody asked for")
