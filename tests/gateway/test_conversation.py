"""A client that leaves, or says much, while one of its messages is handled."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from gateway.conversation import AHEAD_MESSAGES
from gateway.invoker import Event
from tests.gateway.served import WAIT, Function, Served, eventually, serving

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-websocket:
  routes:
    $disconnect: { function: live.disconnect }
    $default: { function: live.wait, routeResponse: true }
"""


@dataclass
class Busy:
    """A client whose messages are handled when the test says so."""

    served: Served
    socket: ClientConnection
    go_on: threading.Event = field(default_factory=threading.Event)
    handled: list[str] = field(default_factory=list)
    disconnects: list[tuple[int, int]] = field(default_factory=list)
    """Each end that was told, and how many messages had been handled by then."""

    def wait(self, event: Event) -> Any:
        assert self.go_on.wait(WAIT)
        self.handled.append(event["body"])
        return {"body": event["body"]}

    def bodies(self) -> list[str]:
        """What has reached the function."""
        return [event["body"] for event in self.served.functions.events_of("live.wait")]

    def push(self) -> int:
        """The status of a push to it."""
        context = self.served.events_of("live.wait")[0]["requestContext"]
        connection_id = context["connectionId"].replace("=", "%3D")
        answer = self.served.http.post(f"/ws/@connections/{connection_id}", content="hello")
        return answer.status_code

    def leave(self, event: Event) -> None:
        code = event["requestContext"]["disconnectStatusCode"]
        self.disconnects.append((code, len(self.handled)))


@contextmanager
def busy() -> Iterator[Busy]:
    """A client whose first message is being handled."""
    made: list[Busy] = []
    functions: dict[str, Function] = {
        "live.wait": lambda event: made[0].wait(event),
        "live.disconnect": lambda event: made[0].leave(event),
    }
    with serving(SPEC, functions) as served, connect(served.websocket_url) as opened:
        made.append(Busy(served, opened))
        opened.send("0")
        eventually(lambda: made[0].bodies() == ["0"])
        try:
            yield made[0]
        finally:
            made[0].go_on.set()


@pytest.mark.parametrize("code", [1006, 4321])
def test_who_leaves_is_gone_at_once_and_is_still_heard(code: int) -> None:
    with busy() as client:
        assert client.push() == 200
        client.socket.send("1")
        if code == 1006:
            client.socket.socket.shutdown(socket.SHUT_RDWR)
        else:
            client.socket.close(code)
        eventually(lambda: client.push() == 410)
        assert not client.handled
        assert not client.disconnects

        client.go_on.set()
        eventually(lambda: client.disconnects == [(code, 2)])
        assert client.handled == ["0", "1"]


def test_messages_keep_their_order_and_few_are_read_ahead() -> None:
    sent = [str(number) for number in range(5 * AHEAD_MESSAGES)]
    with busy() as client:
        for text in sent[1:]:
            client.socket.send(text)
        (connection,) = client.served.app.hub
        eventually(lambda: len(connection.received or ()) == AHEAD_MESSAGES)
        assert client.bodies() == ["0"]

        client.go_on.set()
        assert [client.socket.recv(timeout=WAIT) for _ in sent] == sent
        eventually(lambda: connection.received is None and connection.handling is None)


def test_large_messages_are_not_read_ahead() -> None:
    large = json.dumps("x" * 30_000)
    with busy() as client:
        for _ in range(AHEAD_MESSAGES):
            client.socket.send(large)
        (connection,) = client.served.app.hub
        eventually(lambda: len(connection.received or ()) == 5)
        client.go_on.set()
        assert client.socket.recv(timeout=WAIT) == "0"
        for _ in range(AHEAD_MESSAGES):
            assert client.socket.recv(timeout=WAIT) == large


def test_what_comes_before_a_binary_message_is_answered_and_nothing_after_it() -> None:
    with busy() as client:
        for message in ("1", b"binary", "2"):
            client.socket.send(message)
        client.go_on.set()
        assert [client.socket.recv(timeout=WAIT) for _ in range(2)] == ["0", "1"]
        eventually(lambda: client.disconnects == [(1003, 2)])
        assert client.handled == ["0", "1"]
