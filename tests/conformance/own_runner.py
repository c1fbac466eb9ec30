"""Our runner as a child that serves one of the suite's projects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECTS = Path(__file__).with_name("projects")
READY_SECONDS = 60.0
_READY = re.compile(r"^ready (http://\S+)$", re.MULTILINE)


def command(spec: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "local_runner", str(spec), "--port", "0", *options]


@contextmanager
def running(
    project: str, isolation: str, folder: Path, *options: str, **environment: str
) -> Iterator[str]:
    """Run it, and answer its address. Its output is in files of the folder."""
    spec = PROJECTS / project / "openapi.yaml"
    output, log = folder / "output", folder / "log"
    with output.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen(
            command(spec, "--isolation", isolation, *options),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **environment},
        )
    try:
        yield _address(process, output, log)
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], output: Path, log: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not (ready := _READY.search(output.read_text())):
        assert process.poll() is None, f"the runner ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the runner did not get ready:\n{log.read_text()}"
        time.sleep(0.02)
    return ready[1]
