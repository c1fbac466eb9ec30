"""The smoke test's device tells apart what can be wrong with a socket, and tells no ticket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from infra.smoke.device import Device
from infra.smoke.step import Failed
from tests.runner import free_port

TICKET = "a-secret-ticket"
SOON = 10.0

Conversation = Callable[[ServerConnection], None]


@contextmanager
def served(conversation: Conversation, refused: HTTPStatus | None = None) -> Iterator[str]:
    """The address of a server that talks so with whoever opens a socket."""

    def refuse(socket: ServerConnection, _: Request) -> Response | None:
        return socket.respond(refused, "") if refused else None

    with serve(conversation, "127.0.0.1", 0, process_request=refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws"
        finally:
            server.shutdown()
            thread.join()


def says(*frames: str) -> Conversation:
    """A server that says this when it is asked something, and waits for the end."""

    def conversation(socket: ServerConnection) -> None:
        socket.recv()
        for frame in frames:
            socket.send(frame)
        for _ in socket:
            pass

    return conversation


def closes(socket: ServerConnection) -> None:
    socket.recv()
    socket.close(1012, "restarting")


def breaks(socket: ServerConnection) -> None:
    socket.recv()
    socket.socket.close()


def sync(conversation: Conversation, seconds: float = SOON) -> object:
    with served(conversation) as address, closing(Device(address, TICKET)) as device:
        return device.sync(None, seconds)


def test_it_asks_with_its_ticket_and_takes_the_answer_from_among_the_events() -> None:
    asked: list[object] = []

    def conversation(socket: ServerConnection) -> None:
        assert socket.request
        asked.append(socket.request.path)
        asked.append(json.loads(socket.recv()))
        socket.send('{"type": "read", "ids": ["1"], "seq": 8}')
        socket.send('{"type": "sync", "ref": "smoke", "recovered": true}')
        for _ in socket:
            pass

    with served(conversation) as address, closing(Device(address, TICKET)) as device:
        assert device.sync(7, SOON)["recovered"] is True
    assert asked == [f"/ws?ticket={TICKET}", {"action": "sync", "since": 7, "ref": "smoke"}]


@pytest.mark.parametrize(
    ("conversation", "seen"),
    [
        (says('{"message": "Internal server error"}'), "the gateway says .* Internal server error"),
        (says('{"type": "error", "detail": "No."}'), "the answer on the socket is: No"),
        (says("nonsense"), "no JSON object"),
        (says("3"), "no JSON object"),
        (closes, "closed: .*1012.*restarting"),
        (breaks, "closed: "),
    ],
    ids=["the gateway", "a function", "nonsense", "a number", "closed", "broken"],
)
def test_what_is_wrong_is_told_at_once(conversation: Conversation, seen: str) -> None:
    with pytest.raises(Failed, match=seen):
        sync(conversation)


def test_silence_is_told_when_its_time_is_over() -> None:
    with pytest.raises(Failed, match=r"no answer to `sync` came within 0\.05 s"):
        sync(says(), seconds=0.05)


def test_an_event_about_something_else_is_not_the_one() -> None:
    others = (
        '{"type": "read", "ids": ["1"]}',
        '{"type": "notification", "notifications": [{"id": "2"}]}',
    )
    frames = ('{"type": "ready", "ref": "smoke"}', *others)
    with served(says(*frames)) as address, closing(Device(address, TICKET)) as device:
        device.sync(None, SOON)
        at, frame = device.event("notification", "2", SOON)
        assert (at > 0, frame["type"]) == (True, "notification")
        with pytest.raises(Failed, match="no event `read` came"):
            device.event("read", "2", 0.05)


@pytest.mark.parametrize("address", ["ws://", "ws://127.0.0.1:nowhere/ws", "wss:///ws"])
def test_an_address_that_is_none_is_told_without_the_ticket(address: str) -> None:
    with pytest.raises(Failed, match="is no address of a WebSocket") as failed:
        Device(address, TICKET)
    assert TICKET not in str(failed.value)


def test_who_is_refused_or_finds_nobody_is_told_without_the_ticket() -> None:
    with (
        served(says(), HTTPStatus.UNAUTHORIZED) as address,
        pytest.raises(Failed, match=f"{address}: .*401") as refused,
    ):
        Device(address, TICKET)
    with pytest.raises(Failed, match="refused") as nobody:
        Device(f"ws://127.0.0.1:{free_port()}/ws", TICKET)
    assert TICKET not in f"{refused.value} {nobody.value}"
