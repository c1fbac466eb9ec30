"""5,000 sockets, opened at 500 a second: time, memory of each, and a push to every one of them.

The pushes go through @connections, signed, 16 at a time, from when the first is sent to when its
frame and the last one's arrive. The reference is what the rate allows, what plain requests take, or
a bare uvicorn. Then 2,000 want to come in at once: so many as the limit allows may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

import urllib3
import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.plain_project import KEY, PlainRunner, plain_project
from bench.processes import kilobytes, raise_open_files, server
from bench.spectator import Spectator, spectator
from gateway.throttle import EARLY_SECONDS

SOCKETS = 5000
PER_SECOND = 500
AT_ONCE = 2000
SENDERS = 16
ARRIVED_WITHIN_SECONDS = 20.0
Signed = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was measured, in seconds and KiB."""

    opened: float
    each: float
    requests: float
    first: float
    last: float


def measure(tell: Tell) -> list[Figure]:
    raise_open_files(SOCKETS + 500)
    with plain_project() as runner:
        crowd = uvloop.run(_crowd(runner, tell))
    with plain_project() as runner:
        tell(f"{AT_ONCE:,} at once")
        accepted, refused, seconds = uvloop.run(_rush(runner))
    tell("the reference")
    with server("bare") as (address, pid):
        bare = uvloop.run(_each(int(address.rpartition(":")[2]), pid))
    allowed = PER_SECOND * (1 + int(seconds + EARLY_SECONDS))
    if accepted > allowed or accepted + refused != AT_ONCE:
        raise BenchmarkError(f"{accepted} came in within {seconds:.2f} s, {refused} got 429.")
    return [
        Figure(
            f"{SOCKETS:,} sockets opened",
            "s",
            [crowd.opened],
            [SOCKETS / PER_SECOND],
            f"{PER_SECOND} a second",
            aims=(Aim(1.1, at_least=False, of_reference=True),),
            note="all served",
        ),
        Figure(
            f"idle socket at {SOCKETS:,}",
            "KiB",
            [crowd.each],
            [bare],
            "bare uvicorn that accepts and waits",
            aims=(Aim(20, at_least=False),),
        ),
        Figure(
            "push to all, first arrival",
            "ms",
            [crowd.first * 1000],
            [crowd.requests / SOCKETS * SENDERS * 1000],
            f"one of many plain requests, {SENDERS} at a time",
        ),
        Figure(
            "push to all, last arrival",
            "s",
            [crowd.last],
            [crowd.requests],
            f"as many plain requests, {SENDERS} at a time",
        ),
        Figure(
            f"accepted of {AT_ONCE:,} at once",
            "sockets",
            [accepted],
            [allowed],
            f"{PER_SECOND} in each second",
            note=f"in {seconds:.2f} s; the other {refused:,} got 429",
        ),
    ]


async def _crowd(runner: PlainRunner, tell: Tell) -> Crowd:
    tell(f"opening {SOCKETS:,} sockets")
    runner.collect()
    before = runner.memory()
    opened, clients = await _open(runner.port)
    if any(client.status.result() != 101 for client in clients):
        raise BenchmarkError("Not every socket was served.")
    each = (runner.memory() - before) * 1024 / SOCKETS
    tell("asking who they are")
    async with asyncio.timeout(ARRIVED_WITHIN_SECONDS):
        identities = [await client.ask_who_it_is() for client in clients]
    tell("pushing to all of them")
    pushes = [_signed(runner.port, identity) for identity in identities]
    address = f"http://127.0.0.1:{runner.port}/echo"
    requests, _ = await _post([(address, {})] * SOCKETS)
    _, started = await _post(pushes)
    async with asyncio.timeout(ARRIVED_WITHIN_SECONDS):
        arrivals = [await client.arrived for client in clients]
    for client in clients:
        client.transport.close()
    return Crowd(opened, each, requests, min(arrivals) - started, max(arrivals) - started)


async def _each(port: int, pid: int) -> float:
    """KiB of an idle socket of another server."""
    await spectator(port)
    before = kilobytes(pid)
    _, clients = await _open(port)
    grown = kilobytes(pid) - before
    for client in clients:
        client.transport.close()
    return grown / SOCKETS


async def _open(port: int) -> tuple[float, Sequence[Spectator]]:
    """Opened at the rate; how long until the last of them was answered."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    opening = []
    for number in range(SOCKETS):
        await asyncio.sleep(started + number / PER_SECOND - loop.time())
        opening.append(asyncio.create_task(spectator(port)))
    clients = await asyncio.gather(*opening)
    return loop.time() - started, clients


async def _rush(runner: PlainRunner) -> tuple[int, int, float]:
    """How many come in, how many get 429, and within which time."""
    runner.collect()
    loop = asyncio.get_running_loop()
    started = loop.time()
    clients = await asyncio.gather(*(spectator(runner.port) for _ in range(AT_ONCE)))
    seconds = loop.time() - started
    statuses = [client.status.result() for client in clients]
    for client in clients:
        client.transport.close()
    return statuses.count(101), statuses.count(429), seconds


def _signed(port: int, identity: str) -> Signed:
    address = f"http://127.0.0.1:{port}/ws/@connections/{quote(identity, safe='')}"
    request = AWSRequest("POST", address, data=b"to all of you")
    SigV4Auth(Credentials(KEY, KEY), "execute-api", "us-east-1").add_auth(request)
    return address, dict(request.headers)


async def _post(requests: Sequence[Signed]) -> tuple[float, float]:
    """How long they take together, and when the first was sent, by the loop's clock."""
    loop = asyncio.get_running_loop()
    http = urllib3.PoolManager(maxsize=SENDERS, retries=False)

    def post(request: Signed) -> None:
        address, headers = request
        status = http.request("POST", address, headers=headers, body=b"to all of you").status
        if status != 200:
            raise BenchmarkError(f"{address} answered {status}.")

    def post_all() -> None:
        with ThreadPoolExecutor(SENDERS) as threads:
            for _ in threads.map(post, requests):
                pass

    started = loop.time()
    await asyncio.to_thread(post_all)
    http.clear()
    return loop.time() - started, started
