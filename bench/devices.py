"""Devices with a WebSocket each, and POSTs to their people, timed on one clock."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import urllib3
from websockets.asyncio.client import ClientConnection, connect

from bench.figure import BenchmarkError
from bench.processes import Runner
from tests.runner import bearer

ARRIVED_WITHIN_SECONDS = 15.0
OPENING_AT_ONCE = 16
SENDERS = 16


@dataclass(frozen=True, slots=True)
class Device:
    """Somebody's device: whose it is, and the token that its socket is opened with."""

    user_id: str
    token: str


async def open_socket(url: str, headers: dict[str, str]) -> ClientConnection:
    """A WebSocket that stays silent by itself: no compression, no pings."""
    return await connect(
        url, additional_headers=headers, compression=None, ping_interval=None, open_timeout=30
    )


async def open_sockets(url: str, headers: Sequence[dict[str, str]]) -> Sequence[ClientConnection]:
    """One per set of headers, a few at a time."""
    few = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(each: dict[str, str]) -> ClientConnection:
        async with few:
            return await open_socket(url, each)

    return await asyncio.gather(*(open_one(each) for each in headers))


class Journey:
    """Sends notifications, and notes when each left and when it reached which device."""

    def __init__(self, runner: Runner, devices: Sequence[Device]) -> None:
        self._devices = devices
        self._socket_url = f"ws://127.0.0.1:{runner.port}/ws"
        self._url = f"{runner.url}/api/notifications"
        self._headers = bearer(runner.admin_token())
        self._http = urllib3.PoolManager(maxsize=SENDERS, retries=False)
        self._sent: dict[str, tuple[str, float]] = {}
        self._arrived: dict[tuple[int, str], float] = {}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Every device has its socket open."""
        headers = [bearer(device.token) for device in self._devices]
        sockets = await open_sockets(self._socket_url, headers)
        listening = [
            asyncio.create_task(self._listen(index, socket)) for index, socket in enumerate(sockets)
        ]
        try:
            yield
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*(socket.close() for socket in sockets))
            self._http.clear()

    async def _listen(self, index: int, socket: ClientConnection) -> None:
        async for text in socket:
            now = time.perf_counter()
            for item in json.loads(text).get("notifications", ()):
                key = (index, item["message"])
                if key in self._arrived or item["userId"] != self._devices[index].user_id:
                    raise BenchmarkError(f"{item} came twice, or to somebody else")
                self._arrived[key] = now

    def send(self, user_id: str, message: str) -> None:
        """POST one; called from a thread. `message` is the name it is recognised by."""
        self._sent[message] = user_id, time.perf_counter()
        body = {"userId": user_id, "message": message}
        answer = self._http.request("POST", self._url, json=body, headers=self._headers)
        if answer.status != 201:
            raise BenchmarkError(f"POST was answered {answer.status}: {answer.data!r}")

    async def latencies(self) -> Sequence[float]:
        """Milliseconds from POST to each frame, once all have arrived. Raises BenchmarkError."""
        expected = {
            (index, message)
            for message, (user_id, _) in self._sent.items()
            for index, device in enumerate(self._devices)
            if device.user_id == user_id
        }
        deadline = time.monotonic() + ARRIVED_WITHIN_SECONDS
        while missing := expected - self._arrived.keys():
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{len(missing)} of {len(expected)} frames never came")
            await asyncio.sleep(0.05)
        return [
            (arrived - self._sent[message][1]) * 1e3
            for (_, message), arrived in self._arrived.items()
        ]

    def forget(self) -> None:
        """Begin a new round."""
        self._sent.clear()
        self._arrived.clear()


async def at_rate(per_second: float, calls: Sequence[Callable[[], None]]) -> None:
    """Make the calls from threads, each at its time, however long the ones before it take."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(SENDERS) as threads:
        started, running = loop.time(), []
        for number, call in enumerate(calls):
            await asyncio.sleep(started + number / per_second - loop.time())
            running.append(loop.run_in_executor(threads, call))
        await asyncio.gather(*running)
