"""What the port `Pusher` promises; the real one pushes to a server that answers as it is told."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, create_server, socket
from threading import Thread
from typing import Any, Protocol
from urllib.parse import unquote

import pytest
from websockets.sync.client import connect

from belfry.adapters.apigateway import AT_ONCE, PATIENCE_SECONDS, PAUSES, ApiGatewayPusher
from belfry.model import Connection
from belfry.ports import Pusher, PushResult
from belfry.settings import Settings
from gateway.limits import Limits
from tests.fakes import NOON, FakePusher
from tests.gateway.served import Served, serving
from tests.runner import free_port

FRAME = {"type": "read", "seq": 1, "text": "grüße"}
BYTES = json.dumps(FRAME, ensure_ascii=False).encode()
STATUS = {
    PushResult.DONE: 200,
    PushResult.GONE: 410,
    PushResult.LATER: 503,
    PushResult.REFUSED: 413,
}
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
SETTINGS = Settings(ENVIRONMENT)


class ManagementServer(ThreadingHTTPServer):
    """Answers each POST and DELETE @connections/{id} with a status of its own; 0 hangs up.

    Before that `busy` of them get 429, by their ids.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Posted)
        self.statuses: dict[str, int] = {}
        self.busy: Counter[str] = Counter()
        self.posted: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.deleted: list[tuple[str, dict[str, str]]] = []
        self.accepted = 0
        self._open: list[socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted += 1
        self._open.append(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """Close what clients keep open, as servers do after a while."""
        for each in self._open:
            each.shutdown(SHUT_RDWR)

    def status(self, id_: str, good: int) -> int:
        if self.busy[id_]:
            self.busy[id_] -= 1
            return 429
        return self.statuses.get(id_, good)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ws"


class Posted(BaseHTTPRequestHandler):
    server: ManagementServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        id_ = unquote(self.path.rpartition("/")[2])
        self.server.posted.append((self.path, id_, body, dict(self.headers.items())))
        self._answer(self.server.status(id_, 200))

    def do_DELETE(self) -> None:
        id_ = unquote(self.path.rpartition("/")[2])
        self.server.deleted.append((id_, dict(self.headers.items())))
        self._answer(self.server.status(id_, 204))

    def _answer(self, status: int) -> None:
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:  # which has none (RFC 9110)
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base names it so
        pass


class Devices(Protocol):
    """A pusher, and what the devices at its other end see."""

    pusher: Pusher
    endpoint: str

    def will(self, id_: str, result: PushResult) -> None: ...

    def received(self) -> dict[str, Any]: ...

    def closed(self) -> list[str]: ...


class FakeDevices:
    endpoint = "https://push.example.com/ws"

    def __init__(self) -> None:
        self.pusher = FakePusher()

    def will(self, id_: str, result: PushResult) -> None:
        self.pusher.results[id_] = result

    def received(self) -> dict[str, Any]:
        return dict(self.pusher.frames)

    def closed(self) -> list[str]:
        return self.pusher.hung_up


@dataclass
class RealDevices:
    server: ManagementServer
    pusher: Pusher

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    def will(self, id_: str, result: PushResult) -> None:
        self.server.statuses[id_] = STATUS[result]

    def received(self) -> dict[str, Any]:
        return {id_: json.loads(body) for _, id_, body, _ in self.server.posted}

    def closed(self) -> list[str]:
        return [id_ for id_, _ in self.server.deleted]


@pytest.fixture
def server() -> Iterator[ManagementServer]:
    with ManagementServer() as serving:
        thread = Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join(5)


@pytest.fixture
def pauses() -> list[float]:
    """Seconds that the pusher would have waited."""
    return []


@pytest.fixture
def pusher(pauses: list[float]) -> Iterator[ApiGatewayPusher]:
    with closing(ApiGatewayPusher(SETTINGS, pauses.append)) as pusher:
        yield pusher


@pytest.fixture(params=["fake", "apigateway"])
def devices(request: pytest.FixtureRequest) -> FakeDevices | RealDevices:
    if request.param == "fake":
        return FakeDevices()
    return RealDevices(request.getfixturevalue("server"), request.getfixturevalue("pusher"))


def connection(devices: Devices, id_: str) -> Connection:
    return Connection(id_, "ada", devices.endpoint, NOON)


def test_a_frame_reaches_its_connection(devices: Devices) -> None:
    results = devices.pusher.push([(connection(devices, "BFHPhfCWIAMCKlQ="), BYTES)])
    assert list(results) == [PushResult.DONE]
    assert devices.received() == {"BFHPhfCWIAMCKlQ=": FRAME}


def test_nothing_to_push_is_nothing(devices: Devices) -> None:
    assert list(devices.pusher.push([])) == []


@pytest.mark.parametrize("result", list(PushResult))
def test_each_outcome_is_told(devices: Devices, result: PushResult) -> None:
    devices.will("a=", result)
    assert list(devices.pusher.push([(connection(devices, "a="), BYTES)])) == [result]


def test_hanging_up_closes_all_whatever_becomes_of_one(devices: Devices) -> None:
    ids = ["a=", "gone=", "later=", "b="]
    devices.will("gone=", PushResult.GONE)
    devices.will("later=", PushResult.LATER)
    devices.pusher.hang_up([connection(devices, id_) for id_ in ids])
    assert sorted(devices.closed()) == sorted(ids)
    assert devices.received() == {}
    assert list(devices.pusher.push([(connection(devices, "a="), BYTES)])) == [PushResult.DONE]


def test_hanging_up_is_signed(server: ManagementServer, pusher: ApiGatewayPusher) -> None:
    pusher.hang_up([Connection("a=", "ada", server.endpoint, NOON)])
    [(_, headers)] = server.deleted
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")


def test_results_come_in_the_order_of_the_frames(devices: Devices) -> None:
    wanted = [list(PushResult)[number % 4] for number in range(40)]
    for number, result in enumerate(wanted):
        devices.will(f"{number}=", result)
    frames = [(connection(devices, f"{number}="), BYTES) for number in range(40)]
    assert list(devices.pusher.push(frames)) == wanted


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (408, PushResult.LATER),
        (429, PushResult.LATER),
        (500, PushResult.LATER),
        (502, PushResult.LATER),
        (400, PushResult.REFUSED),
        (403, PushResult.REFUSED),
        (0, PushResult.LATER),
    ],
)
def test_what_a_status_means(
    server: ManagementServer, pusher: ApiGatewayPusher, status: int, result: PushResult
) -> None:
    server.statuses["a="] = status
    frames = [(Connection("a=", "ada", server.endpoint, NOON), BYTES)]
    assert list(pusher.push(frames)) == [result]


def frames_to(server: ManagementServer, count: int) -> list[tuple[Connection, bytes]]:
    return [(Connection(f"{n}=", "ada", server.endpoint, NOON), BYTES) for n in range(count)]


def test_what_is_too_much_at_once_is_posted_again_after_a_pause(
    server: ManagementServer, pusher: ApiGatewayPusher, pauses: list[float]
) -> None:
    server.busy.update({"3=": 1, "5=": len(PAUSES), "7=": 2})
    server.statuses.update({"7=": 410, "8=": 503})

    results = list(pusher.push(frames_to(server, 40)))

    wanted = [PushResult.DONE] * 40
    wanted[7:9] = [PushResult.GONE, PushResult.LATER]
    assert results == wanted
    posted = Counter(id_ for _, id_, _, _ in server.posted)
    assert {id_: times for id_, times in posted.items() if times > 1} == {"3=": 2, "5=": 6, "7=": 3}
    assert len(pauses) == len(PAUSES)
    assert all(0 <= pause <= longest for pause, longest in zip(pauses, PAUSES, strict=True))


def test_a_device_that_is_refused_for_ever_is_for_later(
    server: ManagementServer, pusher: ApiGatewayPusher, pauses: list[float]
) -> None:
    server.statuses["1="] = 429
    results = list(pusher.push(frames_to(server, 3)))
    assert results == [PushResult.DONE, PushResult.LATER, PushResult.DONE]
    assert len(pauses) == len(PAUSES)


def test_patience_is_bounded_and_then_everything_is_tried_once_more(
    server: ManagementServer, pusher: ApiGatewayPusher, pauses: list[float]
) -> None:
    turns = 40
    server.statuses |= {f"{n}=": 429 for n in range(0, turns * AT_ONCE, AT_ONCE)}

    results = list(pusher.push(frames_to(server, turns * AT_ONCE)))

    assert Counter(results) == {PushResult.DONE: turns * (AT_ONCE - 1), PushResult.LATER: turns}
    assert PATIENCE_SECONDS - 1 < sum(pauses) <= PATIENCE_SECONDS


def test_without_a_429_nothing_pauses_or_is_posted_twice(
    server: ManagementServer, pusher: ApiGatewayPusher, pauses: list[float]
) -> None:
    server.statuses.update({"1=": 503, "2=": 410, "3=": 413})
    pusher.push(frames_to(server, 2 * AT_ONCE))
    assert not pauses
    assert len(server.posted) == 2 * AT_ONCE


def test_a_broadcast_goes_through_the_gateways_own_throttle() -> None:
    """A turn is refused in part, and as many as come in a pause get through after it."""
    limits = Limits(requests_per_second=100, request_burst=AT_ONCE // 4)
    admit = {"live.connect": lambda _: {"statusCode": 200}}
    with (
        serving(LIVE, admit, limits=limits) as served,
        connect(served.websocket_url) as socket,
        closing(patient()) as pusher,
    ):
        results = pusher.push([(opened(served), BYTES)] * AT_ONCE)
        assert list(results) == [PushResult.DONE] * AT_ONCE
        assert [json.loads(socket.recv(10)) for _ in range(AT_ONCE)] == [FRAME] * AT_ONCE


LIVE = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-websocket:
  routes:
    $connect: { function: live.connect }
"""


def patient() -> ApiGatewayPusher:
    """Whose pauses are of one length, so that it is no matter of chance."""
    return ApiGatewayPusher(SETTINGS, lambda _: time.sleep(0.1))


def opened(served: Served) -> Connection:
    """The WebSocket that is open there."""
    [event] = served.events_of("live.connect")
    id_ = event["requestContext"]["connectionId"]
    return Connection(id_, "ada", f"{served.url}/ws", NOON)


def test_a_gateway_that_is_not_there_has_no_connections_any_more(
    server: ManagementServer, pusher: ApiGatewayPusher
) -> None:
    nowhere = Connection("a=", "ada", f"http://127.0.0.1:{free_port()}/ws", NOON)
    here = Connection("b=", "ada", server.endpoint, NOON)
    results = pusher.push([(nowhere, BYTES), (here, BYTES), (nowhere, BYTES)])
    assert list(results) == [PushResult.GONE, PushResult.DONE, PushResult.GONE]


def test_connections_are_kept_and_one_that_the_server_closed_is_replaced(
    server: ManagementServer, pusher: ApiGatewayPusher
) -> None:
    frames = [(Connection(id_, "ada", server.endpoint, NOON), BYTES) for id_ in ("a=", "b=")]
    for _ in range(3):
        assert list(pusher.push(frames)) == [PushResult.DONE] * 2
    assert server.accepted == 2
    server.hang_up()
    assert list(pusher.push(frames)) == [PushResult.DONE] * 2
    assert server.accepted == 4


def test_a_push_is_signed_and_its_path_is_encoded(server: ManagementServer) -> None:
    settings = Settings({**ENVIRONMENT, "AWS_SESSION_TOKEN": "session"})
    target = Connection("a+/b=", "ada", server.endpoint, NOON)
    with closing(ApiGatewayPusher(settings)) as pusher:
        pusher.push([(target, BYTES)])
    [(path, _, body, headers)] = server.posted
    assert path == "/ws/@connections/a%2B%2Fb%3D"
    assert body == BYTES
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert "/us-east-1/execute-api/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session"


def test_an_endpoint_that_hangs_is_not_asked_in_the_next_turn(pusher: ApiGatewayPusher) -> None:
    with create_server(("127.0.0.1", 0), backlog=2 * AT_ONCE) as hanging:
        endpoint = f"http://127.0.0.1:{hanging.getsockname()[1]}/ws"
        frames = [(Connection(f"{n}=", "ada", endpoint, NOON), BYTES) for n in range(3 * AT_ONCE)]
        assert set(pusher.push(frames)) == {PushResult.LATER}
        hanging.setblocking(False)
        for _ in range(AT_ONCE):
            hanging.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hanging.accept()
