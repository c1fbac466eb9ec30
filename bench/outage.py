"""POST while RabbitMQ is away for a minute, and how soon all have arrived after its return.

50 POSTs a second to ten people with a device each, for a minute each time: with the broker up (the
reference), with the broker killed and not started again, and with the broker stopped (SIGSTOP), so
that it takes connections and answers nothing. Each POST has to be answered 201 and each
notification has to be on its device, or there is no figure. A device drops by its number what comes
twice, which is allowed here.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import urllib3

from bench.devices import at_rate
from bench.figure import Aim, BenchmarkError, Figure, Tell, p50_and_p99
from bench.processes import Runner, folder
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq
from tests.device import Device
from tests.runner import bearer

OUTAGE_SECONDS = 60.0
PER_SECOND = 50
PEOPLE = 10
WARM_UP_SECONDS = 2.0
SENDERS = 16
ARRIVED_WITHIN_SECONDS = 120.0
MOST_P99 = Aim(2500, at_least=False)
MOST_ARRIVAL = Aim(30, at_least=False)


@asynccontextmanager
async def _up(_: EmbeddedRabbitmq) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _killed(rabbitmq: EmbeddedRabbitmq) -> AsyncIterator[None]:
    assert rabbitmq.pid
    os.kill(rabbitmq.pid, signal.SIGKILL)
    await asyncio.to_thread(rabbitmq.stop)  # or else it would be started again at once
    try:
        yield
    finally:
        await asyncio.to_thread(rabbitmq.start)


@asynccontextmanager
async def _stopped(rabbitmq: EmbeddedRabbitmq) -> AsyncIterator[None]:
    assert rabbitmq.pid
    os.kill(rabbitmq.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(rabbitmq.pid, signal.SIGCONT)


Away = Callable[[EmbeddedRabbitmq], AbstractAsyncContextManager[None]]
ROUNDS: dict[str, Away] = {"up": _up, "killed": _killed, "stopped": _stopped}


@dataclass(frozen=True, slots=True)
class _Minute:
    """The POSTs' p99 in milliseconds, and seconds until all had `arrived` after the return.

    `back` is how many seconds the broker took until it served again.
    """

    p99: float
    arrived: float
    back: float


def measure(tell: Tell, seconds: float = OUTAGE_SECONDS) -> list[Figure]:
    with folder() as data, EmbeddedRabbitmq(data / "rabbitmq") as rabbitmq:
        runner = Runner(data / "data", {"RABBITMQ_URL": rabbitmq.uri})
        with runner:
            minutes = asyncio.run(_rounds(runner, rabbitmq, seconds, tell))
    up = minutes["up"]
    figures = []
    for name in ("killed", "stopped"):
        away = minutes[name]
        figures += [
            Figure(
                f"POST, broker {name}, p99",
                "ms",
                [away.p99],
                [up.p99],
                "with the broker up, p99",
                aims=(MOST_P99,),
            ),
            Figure(
                f"arrived after broker {name}",
                "s",
                [away.arrived],
                [up.arrived],
                "after the last POST with the broker up",
                aims=(MOST_ARRIVAL,),
                note=f"the broker took {away.back:.1f} s to serve again",
            ),
        ]
    return figures


class _Poster:
    """Notifies one person after another, and notes how long each answer took."""

    def __init__(self, runner: Runner, people: Sequence[str]) -> None:
        self._url = f"{runner.url}/api/notifications"
        self._headers = bearer(runner.admin_token())
        self._http = urllib3.PoolManager(maxsize=SENDERS, retries=False)
        self._people = people
        self.took: list[float] = []
        self.sent: dict[str, set[str]] = defaultdict(set)

    def post(self, number: int) -> None:
        """Called from a thread. Raises BenchmarkError unless it is answered 201."""
        user_id = self._people[number % len(self._people)]
        body = {"userId": user_id, "message": f"Build {number} is green"}
        started = time.perf_counter()
        answer = self._http.request("POST", self._url, json=body, headers=self._headers)
        self.took.append((time.perf_counter() - started) * 1e3)
        if answer.status != 201:
            raise BenchmarkError(f"POST was answered {answer.status}: {answer.data!r}")
        self.sent[user_id].add(json.loads(answer.data)["id"])

    async def steadily(self, seconds: float) -> None:
        calls = [partial(self.post, number) for number in range(int(PER_SECOND * seconds))]
        await at_rate(PER_SECOND, calls)


async def _rounds(
    runner: Runner, rabbitmq: EmbeddedRabbitmq, seconds: float, tell: Tell
) -> dict[str, _Minute]:
    people = [runner.person(f"person{number}") for number in range(PEOPLE)]
    async with AsyncExitStack() as stack:
        devices = {
            user["id"]: await stack.enter_async_context(Device(runner.port, token))
            for user, token in people
        }
        await _Poster(runner, list(devices)).steadily(WARM_UP_SECONDS)
        minutes = {}
        for name, away in ROUNDS.items():
            tell(f"{seconds:.0f} s with the broker {name}")
            poster = _Poster(runner, list(devices))
            async with away(rabbitmq):
                await poster.steadily(seconds)
                ended = time.perf_counter()
            returned = time.perf_counter()
            await _until_arrived(devices, poster)
            arrived = time.perf_counter() - returned
            minutes[name] = _Minute(p50_and_p99(poster.took)[1], arrived, returned - ended)
    return minutes


async def _until_arrived(devices: dict[str, Device], poster: _Poster) -> None:
    try:
        async with asyncio.timeout(ARRIVED_WITHIN_SECONDS):
            for user_id, device in devices.items():
                await device.until_applied(poster.sent[user_id], ARRIVED_WITHIN_SECONDS)
    except TimeoutError:
        missing = sum(len(poster.sent[id_] - set(each.applied)) for id_, each in devices.items())
        raise BenchmarkError(f"{missing} never came to the devices of their people.") from None
