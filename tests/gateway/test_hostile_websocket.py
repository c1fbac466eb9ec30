"""WebSockets from clients that are broken or malicious: each ends as RFC 6455 says."""

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from gateway.websocket_protocol import GatewayWebSocketProtocol
from tests.gateway.hostile import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    FUNCTIONS,
    LIMITS,
    PING,
    SPEC,
    TEXT,
    Complaints,
    assert_unharmed,
    close_code,
    dial,
    flood,
    frame,
    frames,
    handshake,
    listening_to_the_log,
    rest,
    send,
    status,
    tasks,
    upgraded,
)
from tests.gateway.served import WAIT, Served, eventually, serving

SENT_AT_MOST = 20_000_000
MOST = LIMITS.frame_bytes
PROTOCOL_ERROR, NOT_TEXT, TOO_BIG, UNSUPPORTED, GOING_AWAY = 1002, 1007, 1009, 1003, 1001


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


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(3, b"a"), PROTOCOL_ERROR),
        (frame(11, b"a"), PROTOCOL_ERROR),
        (frame(TEXT, b"a", reserved=4), PROTOCOL_ERROR),
        (frame(PING, b"a", reserved=1), PROTOCOL_ERROR),
        (frame(TEXT, b"a", masked=False), PROTOCOL_ERROR),
        (frame(PING, b"a" * 126), PROTOCOL_ERROR),
        (frame(PING, b"a", fin=False), PROTOCOL_ERROR),
        (frame(CLOSE, b"a" * 126), PROTOCOL_ERROR),
        (frame(CONTINUATION, b"a"), PROTOCOL_ERROR),
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), PROTOCOL_ERROR),
        (frame(TEXT, b"a", fin=False) + frame(CLOSE, b"\x03\xe8"), PROTOCOL_ERROR),
        (frame(TEXT, announced=2**63 + 1), TOO_BIG),
        (frame(TEXT, announced=LIMITS.frame_bytes + 1), TOO_BIG),
        (frame(TEXT, b"\xff\xfe"), NOT_TEXT),
        (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"a"), NOT_TEXT),
        (frame(TEXT, b"\xff\xfe") + frame(TEXT, b"\xff\xfe"), NOT_TEXT),
        (frame(TEXT, b"\xff") + frame(CLOSE, b"\x03\xe8"), 1000),
        (frame(BINARY, b"a"), UNSUPPORTED),
        (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
        (frame(CLOSE, b"\x00\x00"), PROTOCOL_ERROR),
        (frame(CLOSE, b"\x03\xed"), PROTOCOL_ERROR),  # 1005
        (frame(CLOSE, b"\x03\xee"), PROTOCOL_ERROR),  # 1006
        (frame(CLOSE, b"\x13\x88"), PROTOCOL_ERROR),  # 5000
        (frame(CLOSE, b"\x03\xe8\xff\xfe"), NOT_TEXT),
        (frame(CLOSE, b"\x0f\xa0bye"), 4000),
        (frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"a"), 1000),
        (b"GET /hello HTTP/1.1\r\n\r\n", PROTOCOL_ERROR),
    ],
)
def test_a_bad_frame_ends_the_connection_with_its_code(
    served: Served, frames: bytes, code: int
) -> None:
    with upgraded(served) as client:
        send(client, frames)
        assert close_code(rest(client)) == code


@pytest.mark.parametrize(
    ("bad", "code"), [(frame(3), PROTOCOL_ERROR), (frame(TEXT, b"\xff"), NOT_TEXT)]
)
def test_what_comes_before_a_bad_frame_counts(served: Served, bad: bytes, code: int) -> None:
    before = len(served.functions.events_of("things.frame"))
    with upgraded(served) as client:
        send(client, frame(PING) + frame(TEXT, b"first") + frame(PING) + bad)
        # The answer comes too late, and is dropped.
        assert close_code(rest(client)) == code
    assert served.events_of("things.frame", before + 1)[-1]["body"] == "first"


def test_who_sends_after_a_bad_frame_hears_that_the_client_is_gone(served: Served) -> None:
    echoes = len(served.functions.events_of("things.frame"))
    with upgraded(served) as client:
        (protocol,) = served.server.server_state.connections
        assert isinstance(protocol, GatewayWebSocketProtocol)
        # It reads nothing, so that the connection cannot be closed at once.
        while not protocol.transport.get_write_buffer_size():
            send(client, frame(TEXT, b"a" * MOST))
            echoes += 1
            served.events_of("things.frame", echoes)
        send(client, frame(3))
        eventually(lambda: protocol.close_sent)
        late = protocol.send({"type": "websocket.send", "text": "late"})
        with pytest.raises(OSError):
            asyncio.run_coroutine_threadsafe(late, protocol.loop).result(WAIT)
        assert close_code(rest(client)) == PROTOCOL_ERROR


@pytest.mark.parametrize("size", [MOST // 2, MOST, 50_000, 65_535])
def test_a_large_message_leaves_in_frames_as_large_as_allowed(served: Served, size: int) -> None:
    message = "a" + "é" * (size - 1)
    data = message.encode()
    with upgraded(served) as client:
        parts = [data[at : at + MOST] for at in range(0, len(data), MOST)]
        for number, part in enumerate(parts):
            opcode = CONTINUATION if number else TEXT
            send(client, frame(opcode, part, fin=number == len(parts) - 1))
        *answer, _ = frames(rest(client))  # the last one closes it, because it is idle
    assert b"".join(payload for _, payload in answer) == data
    assert [len(payload) for _, payload in answer] == [len(part) for part in parts]
    opcodes = [TEXT] + [CONTINUATION] * (len(parts) - 1)
    opcodes[-1] |= FIN
    assert [first for first, _ in answer] == opcodes


def test_a_message_without_end_is_too_big(served: Served) -> None:
    with upgraded(served) as client:
        send(client, frame(TEXT, b"a", fin=False))
        assert flood(client, frame(CONTINUATION, b"a" * 100, fin=False)) < SENT_AT_MOST
        assert close_code(rest(client)) == TOO_BIG


def test_a_message_in_tiny_fragments_arrives_whole(served: Served) -> None:
    with upgraded(served) as client:
        fragments = frame(CONTINUATION, b"a", fin=False) * 1_998
        send(client, frame(TEXT, b"a", fin=False) + fragments + frame(CONTINUATION, b"a"))
        # Idle afterwards, it is closed.
        assert b"a" * 2_000 in rest(client)


def test_fragments_are_kept_in_one_piece(served: Served) -> None:
    with upgraded(served) as client:
        send(client, frame(TEXT, b"a", fin=False) + frame(CONTINUATION, fin=False) * 1000)
        send(client, frame(PING))
        assert client.recv(2) == b"\x8a\0"
        (protocol,) = served.server.server_state.connections
        assert isinstance(protocol, GatewayWebSocketProtocol)
        assert len(protocol.frames) == 1


def test_empty_fragments_without_end_are_idleness(served: Served) -> None:
    with upgraded(served) as client:
        send(client, frame(TEXT, b"a", fin=False))
        assert flood(client, frame(CONTINUATION, fin=False) * 1000) < SENT_AT_MOST // 2
        assert close_code(rest(client)) in {GOING_AWAY, 0}


def test_a_flood_of_pings_is_answered_while_the_client_reads(served: Served) -> None:
    with upgraded(served) as client:
        send(client, frame(PING, b"a") * 1000 + frame(CLOSE, b"\x03\xe8"))
        received = rest(client)
        assert received.count(b"\x8a\x01a") == 1000
        assert close_code(received) == 1000


def test_pongs_for_a_client_that_does_not_read_are_not_kept(served: Served) -> None:
    with upgraded(served, buffer=4096) as client, suppress(ConnectionError):
        (protocol,) = served.server.server_state.connections
        assert isinstance(protocol, GatewayWebSocketProtocol)
        while True:  # until it is idle
            client.send(frame(PING, b"a" * 125) * 100)
            assert protocol.transport.get_write_buffer_size() < 500_000


@pytest.mark.parametrize("sent", [b"", frame(TEXT, b"abc")[:-1], frame(TEXT, b"a", fin=False)])
def test_a_client_that_has_vanished_is_let_go_when_it_is_idle(served: Served, sent: bytes) -> None:
    with upgraded(served) as client:
        send(client, sent)
        # It does not answer the close frame, as if it were no longer there.
        eventually(lambda: len(served.app.hub) == 0)
        assert close_code(rest(client)) == GOING_AWAY


def test_a_client_that_reads_no_answers_is_let_go(served: Served) -> None:
    with upgraded(served, buffer=4096) as client:
        flood(client, frame(TEXT, b"a" * 30_000))
        assert len(rest(client)) < SENT_AT_MOST


def test_connections_that_are_reset_leave_nothing_behind(served: Served) -> None:
    for _ in range(20):
        with upgraded(served) as client:
            send(client, frame(TEXT, b"abc"))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (handshake(Sec_WebSocket_Version="8"), 400),
        (handshake(Sec_WebSocket_Version=None), 400),
        (handshake(Sec_WebSocket_Key=None), 400),
        (handshake(Sec_WebSocket_Key="short"), 400),
        (handshake(method="POST"), 405),
        (handshake(path="/elsewhere"), 403),
        (handshake(Content_Length="5"), 400),
        (handshake(Transfer_Encoding="chunked"), 400),
        (handshake(Origin="a" * 9000), 431),
        (handshake()[:-2] + b"name: value\r\n" * 200 + b"\r\n", 431),
        (handshake()[:-2] + b"name: value\r\n" * 10_000 + b"\r\n", 431),
    ],
)
def test_a_bad_handshake_is_refused(served: Served, head: bytes, expected: int) -> None:
    with dial(served) as client:
        send(client, head)
        assert status(rest(client)) == expected


@pytest.mark.parametrize(
    "frames", [frame(PING, b"a"), frame(TEXT, b"a"), frame(CLOSE), frame(3), b"\0" * 100]
)
def test_frames_before_the_handshake_is_answered_come_after_it(
    served: Served, frames: bytes
) -> None:
    with dial(served) as client:
        client.sendall(handshake())
        client.sendall(frames)
        client.shutdown(socket.SHUT_WR)
        assert rest(client).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("seed", range(8))
def test_random_frames_do_no_harm(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        with upgraded(served) as client:
            for _ in range(chance.randint(1, 6)):
                send(client, _some_frame(chance))
            if chance.random() < 0.3:
                send(client, chance.randbytes(chance.randint(1, 50)))
            if chance.random() < 0.1:
                rest(client)


def _some_frame(chance: random.Random) -> bytes:
    size = chance.choice([0, 1, 2, 125, 126, 200, 40_000])
    return frame(
        chance.choice([CONTINUATION, TEXT, BINARY, 3, CLOSE, PING, 10, 15]),
        chance.choice([b"a" * size, chance.randbytes(size)]),
        fin=chance.random() < 0.7,
        reserved=chance.choice([0, 0, 0, 0, 1, 4]),
        masked=chance.random() < 0.9,
        announced=chance.choice([None, None, None, size + 1, size // 2]),
    )
