"""Whatever a server does, one who listens sees each event once and in order, or a `resync`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace

import pytest

from belfry.client import Event, Problem
from belfry.client.backoff import Backoff
from belfry.client.http import Http
from belfry.client.listening import Listener
from belfry.client.timing import Timing
from tests.misbehaving import Misbehaving
from tests.runner import free_port

FAST = Timing(
    open=1.0,
    heartbeat=0.1,
    answer=5.0,
    backoff=Backoff(first=0.01, longest=0.05),
    first_polling=0.2,
    longest_polling=0.4,
    idle_poll=0.02,
)
IMPATIENT = replace(FAST, answer=0.1)
SOON = 15.0


class Device:
    """What a listening program has seen, and whether that is right."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.changed = asyncio.Condition()
        self.ended = False

    async def follow(
        self, server: Misbehaving, since: int | None = None, timing: Timing = FAST
    ) -> None:
        http = Http(server.url, lambda: "a token")
        try:
            async with aclosing(Listener(http, since, timing).events()) as events:
                async for event in events:
                    async with self.changed:
                        self.seen.append(event)
                        self.changed.notify_all()
        finally:
            http.close()
        self.ended = True

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.seen]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON), self.changed:
            await self.changed.wait_for(condition)

    async def until_at(self, server: Misbehaving) -> None:
        """Until it has seen all; then look whether it was once, in order and without a gap."""
        await self.until(lambda: bool(self.seen) and self.seen[-1].seq == server.seq)
        self.check()

    def check(self) -> None:
        for before, event in zip(self.seen, self.seen[1:], strict=False):
            assert event.type == "resync" or event.seq == before.seq + 1
            assert [item.seq for item in event.notifications] in ([], [event.seq])


@asynccontextmanager
async def listening(server: Misbehaving, timing: Timing = FAST) -> AsyncGenerator[Device, None]:
    """A device that is ready."""
    device = Device()
    async with server.running():
        task = asyncio.create_task(device.follow(server, timing=timing))
        try:
            await device.until(lambda: bool(device.seen))
            assert device.types == ["ready"]
            yield device
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.005)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]  # a coroutine


@pytest.mark.parametrize("code", [1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 4008, 1006])
def test_after_each_close_code_it_goes_on_where_it_was(code: int) -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            for _ in range(3):
                await server.append(4)
                await server.close(code)
                await server.append(3)
                await device.until_at(server)
            assert "resync" not in device.types
            assert server.questions[-1]["since"] > 0

    run(test)


def test_a_socket_closed_on_purpose_ends_the_listening() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            await server.append(5)
            await device.until_at(server)
            await server.close(1000)
            await until(lambda: device.ended)
            assert server.handshakes == 1

    run(test)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("drops", "repeats", "reorders"),
    [(0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5), (0.3, 0.3, 0.3)],
    ids=["drops half", "repeats", "reorders", "all of it"],
)
def test_frames_that_are_lost_repeated_and_reordered(
    seed: int, drops: float, repeats: float, reorders: float
) -> None:
    async def test() -> None:
        server = Misbehaving(seed)
        async with listening(server, IMPATIENT) as device:
            server.drops, server.repeats, server.reorders = drops, repeats, reorders
            for count in (1, 30, 100, 1):
                await server.append(count)
                await device.until_at(server)
            assert server.seq == 132
            assert "resync" not in device.types

    run(test)


def test_a_server_that_stops_answering_is_left_for_a_new_connection() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server, IMPATIENT) as device:
            server.answers, server.drops = False, 1.0
            await server.append(3)
            await until(lambda: server.handshakes > 1)
            server.answers, server.drops = True, 0.0
            await device.until_at(server)

    run(test)


def test_a_lost_push_is_noticed_without_a_later_one() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.drops = 1.0
            await server.append()
            server.drops = 0.0
            await device.until_at(server)
            assert server.handshakes == 1

    run(test)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_away_or_busy_does_not_mean_that_sockets_are_blocked(status: int) -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.refuses = status
            await server.close(1012)
            await server.append(5)
            await until(lambda: server.handshakes > 6)
            server.refuses = None
            await device.until_at(server)
            assert server.devices == 1
            assert not server.polls

    run(test)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_poll_that_fails_is_followed_by_a_socket(status: int) -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.refuses, server.refuses_polls = 403, status
            await server.close(1012)
            await server.append(5)
            await until(lambda: server.handshakes > 6 and server.polls > 1)
            server.refuses = None
            await device.until_at(server)
            await until(lambda: server.devices == 1)

    run(test)


def test_a_socket_that_is_told_no_does_get_through() -> None:
    """As by API Gateway, when a message is over the rate."""

    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.throttles = True
            await server.close(1012)
            await server.append(5)
            await until(lambda: server.handshakes > 6)
            server.throttles = False
            await device.until_at(server)
            assert not server.polls

    run(test)


def test_the_socket_may_have_an_address_of_its_own() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with server.running():
            address = server.url.replace("http", "ws", 1) + "/ws"
            nobody = f"http://127.0.0.1:{free_port()}"
            with closing(Http(nobody, lambda: "a token", websocket_url=address)) as http:
                async with aclosing(Listener(http, timing=FAST).events()) as events:
                    assert (await anext(events)).type == "ready"

    run(test)


def test_nobody_at_the_address_does_not_mean_that_sockets_are_blocked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "belfry.client")

    async def test() -> None:
        server, device = Misbehaving(), Device()
        async with server.running():
            task = asyncio.create_task(device.follow(server))
            await device.until(lambda: device.types == ["ready"])
        await server.append(5)
        await until(lambda: caplog.text.count("disconnected") > 4)
        assert "polling" not in caplog.text
        levels = [each.levelname for each in caplog.records if "disconn" in each.message]
        assert levels[:3] == ["WARNING", "DEBUG", "DEBUG"], "it is told once"
        async with server.running():
            await device.until_at(server)
            assert caplog.messages[-1] == "connected again"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(test)


def test_where_sockets_are_blocked_it_polls_until_they_are_not() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.refuses = 403
            await server.close(1006)
            for _ in range(10):
                await server.append(7)
                await device.until_at(server)
            assert server.polls >= 10
            server.refuses = None
            await until(lambda: server.devices == 1)
            await server.append(7)
            await device.until_at(server)
            assert "resync" not in device.types

    run(test)


def test_what_nobody_remembers_any_more_is_a_resync() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            server.kept = 10
            await server.close(1006)
            await server.append(40)
            await device.until_at(server)
            await server.append(4)
            await device.until_at(server)
            assert device.types.count("resync") == 1

    run(test)


def test_another_inbox_under_the_same_address_is_a_resync() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            await server.append(30)
            await device.until_at(server)
            server.seq = 3
            await server.close(1012)
            await device.until(lambda: device.seen[-1].type == "resync")
            await server.append(2)
            await device.until_at(server)

    run(test)


def test_also_who_hears_a_lot_says_that_it_is_there() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device, asyncio.timeout(SOON):
            while len(server.questions) < 4:
                await server.append()
                await asyncio.sleep(0.01)
            await device.until_at(server)
            assert server.handshakes == 1

    run(test)


def test_who_hears_nothing_says_that_it_is_there_too() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server):
            began = time.monotonic()
            await until(lambda: len(server.questions) == 5)
            assert time.monotonic() - began > 3 * FAST.heartbeat
            assert server.handshakes == 1

    run(test)


def test_what_was_dealt_with_is_acknowledged() -> None:
    async def test() -> None:
        server = Misbehaving()
        async with listening(server) as device:
            await server.append(9)
            await device.until_at(server)
            await until(lambda: server.acknowledged == ["id3", "id6", "id9"])

    run(test)


def test_who_begins_at_a_number_gets_what_came_since() -> None:
    async def test() -> None:
        server = Misbehaving()
        server.seq = 120
        device = Device()
        async with server.running(), asyncio.timeout(SOON):
            task = asyncio.create_task(device.follow(server, since=5))
            await device.until_at(server)
            assert [event.seq for event in device.seen] == list(range(6, 121))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(test)


def test_a_token_that_is_refused_is_an_error() -> None:
    async def test() -> None:
        server = Misbehaving()
        server.refuses = server.refuses_polls = 401
        async with server.running(), asyncio.timeout(SOON):
            with pytest.raises(Problem) as refused:
                await Device().follow(server)
        assert refused.value.status == 401

    run(test)
