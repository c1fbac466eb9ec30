"""The hub's rules, without a server: order, limits, closing."""

import asyncio
from typing import Any

import pytest

from gateway.asgi import Message
from gateway.connections import BufferFull, CloseCode, Connection, Gone, Hub
from gateway.limits import Limits
from gateway.websocket_events import Peer


class FakeClient:
    """Takes what is sent while it reads; otherwise lets the sender wait."""

    def __init__(self, connection_id: str = "a") -> None:
        self.sent: list[Message] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.aborted = asyncio.Event()
        peer = Peer(connection_id, 1000.0, "192.0.2.1", "")
        self.connection = Connection(peer, self.send, self.aborted.set)

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        self.sent.append(message)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if "text" in message]

    @property
    def codes(self) -> list[int]:
        return [message["code"] for message in self.sent if message["type"] == "websocket.close"]


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def hub_with(client: FakeClient, **limits: Any) -> tuple[Hub, FakeClock]:
    clock = FakeClock()
    hub = Hub(Limits(**limits), clock)
    hub.add(client.connection)
    return hub, clock


def test_messages_are_sent_in_order_and_no_task_is_left() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client)
        for n in range(5):
            hub.post(client.connection, str(n))
        await settled()
        assert client.texts == ["0", "1", "2", "3", "4"]
        assert client.connection.drain is None
        assert client.connection.pending is None
        assert client.connection.pending_bytes == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("limits", [{"queued_messages": 3}, {"queued_bytes": 9}])
def test_a_client_that_does_not_read_is_closed_at_the_limit(limits: dict[str, int]) -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client, **limits)
        client.reading.clear()
        hub.post(client.connection, "one")
        await settled()  # it waits in the socket, no longer in the queue
        for _ in range(3):
            hub.post(client.connection, "xyz")
        for _ in range(2):
            with pytest.raises(BufferFull):
                hub.post(hub.get("a"), "abc")
        client.reading.set()
        await settled()
        assert client.texts == ["one"]
        assert client.codes == [4008]

    asyncio.run(scenario())


def test_the_size_is_counted_in_bytes() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client, queued_bytes=3)
        with pytest.raises(BufferFull):
            hub.post(client.connection, "λλ")

    asyncio.run(scenario())


def test_a_closed_connection_is_cut_when_its_client_does_not_read() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client, close_seconds=0.01)
        client.reading.clear()
        hub.close(client.connection, CloseCode.DELETED)
        await asyncio.wait_for(client.aborted.wait(), 5)
        hub.remove(client.connection)
        await settled()
        assert client.sent == []

    asyncio.run(scenario())


def test_what_is_queued_is_sent_before_the_close_frame() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client)
        hub.post(client.connection, "last")
        hub.close(client.connection, CloseCode.DELETED)
        hub.close(client.connection, CloseCode.IDLE)
        await settled()
        assert [message["type"] for message in client.sent] == [
            "websocket.send",
            "websocket.close",
        ]
        assert client.codes == [1000]

    asyncio.run(scenario())


def test_a_gone_client_is_no_error_of_the_sender() -> None:
    async def scenario() -> None:
        async def send(message: Message) -> None:
            raise ConnectionResetError

        peer = Peer("a", 1000.0, "192.0.2.1", "")
        connection = Connection(peer, send, lambda: None)
        hub = Hub(Limits(), FakeClock())
        hub.add(connection)
        hub.post(connection, "x")
        await settled()
        assert connection.drain is None

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("idle", "age", "codes"),
    [(599, 599, []), (600, 600, [1001]), (10, 7199, []), (10, 7200, [1001])],
)
def test_the_sweep_closes_what_is_idle_or_old(idle: float, age: float, codes: list[int]) -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, clock = hub_with(client)
        clock.seconds += age - idle
        hub.touch(client.connection)
        clock.seconds += idle
        hub.sweep()
        await settled()
        assert client.codes == codes

    asyncio.run(scenario())


def test_a_push_keeps_a_connection_from_being_idle() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, clock = hub_with(client)
        clock.seconds += 599
        hub.post(client.connection, "x")
        clock.seconds += 599
        hub.sweep()
        await settled()
        assert client.codes == []

    asyncio.run(scenario())


def test_an_unknown_or_removed_connection_is_gone() -> None:
    async def scenario() -> None:
        client = FakeClient()
        hub, _ = hub_with(client)
        assert hub.get("a") is client.connection
        hub.remove(client.connection)
        for connection_id in ("a", "b"):
            with pytest.raises(Gone):
                hub.get(connection_id)
        with pytest.raises(Gone):
            hub.post(client.connection, "an answer that comes too late")
        await settled()
        assert client.sent == []

    asyncio.run(scenario())


def test_close_codes_of_our_own_are_in_the_range_for_applications() -> None:
    codes = {code.name: code.code for code in CloseCode}

    assert codes.pop("SLOW_CONSUMER") in range(4000, 5000)
    assert codes == {"DELETED": 1000, "IDLE": 1001, "TOO_OLD": 1001, "BINARY": 1003}
