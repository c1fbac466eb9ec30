"""Kilobytes that an idle WebSocket costs the runner, by the growth of its resident memory.

Sockets are opened with tokens, through authorizer and $connect. 500 are open before the first look,
so that threads, pools and tables have their size; then 2,000 more. The reference is a bare uvicorn
that accepts and waits. Each round has new processes, because memory that was used once stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.devices import open_sockets
from bench.figure import Aim, Figure, Tell
from bench.processes import belfry, kilobytes, raise_open_files, server
from tests.runner import bearer

FIRST = 500
SOCKETS = 2000
PEOPLE = 10
ROUNDS = 2


def measure(tell: Tell) -> list[Figure]:
    raise_open_files(FIRST + SOCKETS + 200)
    measured, reference = [], []
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        measured.append(_of_belfry())
        reference.append(_of_bare_uvicorn())
    return [
        Figure(
            "idle socket at 2,000",
            "KiB",
            measured,
            reference,
            "bare uvicorn that accepts and waits",
            aims=(Aim(20, at_least=False),),
        )
    ]


def _of_belfry() -> float:
    with belfry() as runner:
        tokens = [runner.person(f"person{number}")[1] for number in range(PEOPLE)]
        headers = [bearer(tokens[i % PEOPLE]) for i in range(FIRST + SOCKETS)]
        return asyncio.run(_growth(f"ws://127.0.0.1:{runner.port}/ws", headers, runner.pid))


def _of_bare_uvicorn() -> float:
    with server("bare") as (address, pid):
        headers = [bearer("x" * 400)] * (FIRST + SOCKETS)
        return asyncio.run(_growth(f"ws://{address}/ws", headers, pid))


async def _growth(url: str, headers: Sequence[dict[str, str]], pid: int) -> float:
    sockets = list(await open_sockets(url, headers[:FIRST]))
    before = kilobytes(pid)
    sockets += await open_sockets(url, headers[FIRST:])
    grown = kilobytes(pid) - before
    await asyncio.gather(*(socket.close() for socket in sockets))
    return grown / SOCKETS
