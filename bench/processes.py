"""The servers that are measured: children of this process, with ports and folders of their own."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from belfry.adapters.mongo.database import Database
from bench.figure import BenchmarkError
from local_runner.command.home import Home
from tests.runner import Belfry, free_port

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 20.0
REFERENCE_DATABASE = "reference"


class Runner(Belfry):
    """A runner whose process and database the measurements look into."""

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @contextmanager
    def database(self, name: str) -> Iterator[Database]:
        """A connection of our own to its MongoDB, with the durability that Belfry asks for."""
        running = Home(self.folder).running()
        assert running
        database = Database.connect(running["MONGODB_URI"], name)
        database.migrate()
        try:
            yield database
        finally:
            database.client.close()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on the checkout's disk: a temporary one in memory would journal for nothing."""
    (ROOT / ".local").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / ".local") as name:
        yield Path(name)


@contextmanager
def belfry(*options: str) -> Iterator[Runner]:
    """A new installation that runs, its queue in memory or a RabbitMQ of its own."""
    with folder() as data, Runner(data / "data", None, *options) as runner:
        yield runner


@contextmanager
def server(module: str) -> Iterator[tuple[str, int]]:
    """One of bench/servers; answers its host and port, and its process id."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", f"bench.servers.{module}", str(port)])
    try:
        _wait_until_open(port, process)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise BenchmarkError(f"{process.args!r} did not get ready; what it says stands above.")


def raise_open_files(needed: int) -> None:
    """Let this process and its children have that many open files. Raises BenchmarkError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise BenchmarkError(f"{needed} open files are needed: raise `ulimit -Hn`, now {hard}.")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def kilobytes(pid: int) -> float:
    """The resident memory of a process, in KiB."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        return float(status.read_text().partition("VmRSS:")[2].split()[0])
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True
    )
    return float(told.stdout)


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        # After the name in brackets: fields 14 and 15 of proc(5), user and system time.
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    told = subprocess.run(
        ["ps", "-o", "time=", "-p", str(pid)], check=True, capture_output=True, text=True
    )
    minutes, seconds = told.stdout.strip().split(":")[-2:]
    return int(minutes) * 60 + float(seconds)


def seconds_of(command: Sequence[str], environment: dict[str, str]) -> float:
    """How long a process takes from its start to its end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    return time.perf_counter() - started
