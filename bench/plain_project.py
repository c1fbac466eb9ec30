"""A project that costs next to nothing (bench/project), run as anybody's would be."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figure import BenchmarkError
from bench.processes import ROOT, folder, kilobytes

SPEC = ROOT / "bench" / "project" / "openapi.yaml"
KEY = "local"
"""Access key id and secret at once, of a runner that was given none."""


@dataclass(frozen=True, slots=True)
class PlainRunner:
    """Where it is, and its process."""

    port: int
    pid: int

    def memory(self) -> float:
        """Resident, in MiB."""
        return kilobytes(self.pid) / 1024

    def files(self) -> int:
        """How many files it has open, sockets among them."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def collect(self) -> None:
        """Have it collect its garbage, which also shows that it answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/collect", headers={"Connection": "close"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()

    def wait_for_files(self, at_most: int, seconds: float) -> None:
        """Wait until it has let go of its connections. Raises BenchmarkError."""
        deadline = time.monotonic() + seconds
        while self.files() > at_most:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"The runner still has {self.files()} open files.")
            time.sleep(0.05)


@contextmanager
def plain_project(limits: Sequence[str] = ()) -> Iterator[PlainRunner]:
    """Started, with some of the gateway's limits changed (NAME=VALUE), and ended."""
    command = [sys.executable, "-m", "local_runner", str(SPEC), "--port", "0"]
    for limit in limits:
        command += ["--limit", limit]
    with folder() as where, (where / "log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
        )
        assert process.stdout
        try:
            ready = process.stdout.readline()
            if not ready.startswith("ready "):
                raise BenchmarkError("The project did not get ready.")
            yield PlainRunner(int(ready.rpartition(":")[2]), process.pid)
            _complain_of_tracebacks(where / "log")
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


def _complain_of_tracebacks(log: Path) -> None:
    _, found, what = log.read_text().partition("Traceback")
    if found:
        raise BenchmarkError(f"The runner has logged a traceback:{what[:2000]}")
