"""Load: `wrk` against a server, and plain calls from threads beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.figure import BenchmarkError

CONNECTIONS = 16
ROUNDS = 3
SECONDS = 4.0
WARM_UP_SECONDS = 1.0


def wrk(
    url: str,
    seconds: float,
    *,
    headers: Mapping[str, str] | None = None,
    script: Path | None = None,
    arguments: Sequence[str] = (),
) -> float:
    """Successful requests per second over 16 connections.

    Raises BenchmarkError when there is no wrk, or when any request failed: an error is quick, and
    would flatter the figure.
    """
    program = shutil.which("wrk")
    if program is None:
        raise BenchmarkError("There is no wrk on the PATH: `make bench` installs it on Debian.")
    command = [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(script)] if script else []
    told = subprocess.run(
        [*command, url, "--", *arguments], check=True, capture_output=True, text=True
    ).stdout
    rate = re.search(r"Requests/sec:\s*([\d.]+)", told)
    if rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise BenchmarkError(f"Requests to {url} failed:\n{told}")
    return float(rate[1])


def from_threads(call: Callable[[], object], seconds: float) -> float:
    """Calls per second from 16 threads of this process."""
    stop = time.monotonic() + seconds

    def work() -> int:
        calls = 0
        while time.monotonic() < stop:
            call()
            calls += 1
        return calls

    started = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        working = [threads.submit(work) for _ in range(CONNECTIONS)]
        calls = sum(each.result() for each in working)
    return calls / (time.monotonic() - started)
