"""Our runner as a child that serves one of the suite's projects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

PROJECTS = Path(__file__).with_name("projects")
READY_SECONDS = 60.0
ENDED_SECONDS = 30.0
_READY = re.compile(r"^ready (http://\S+)$", re.MULTILINE)


def command(spec: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "local_runner", str(spec), "--port", "0", *options]


class Runners:
    """All that were started; they end together, because each takes a moment."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, project: str, isolation: str, folder: Path, *options: str, **environment: str
    ) -> str:
        """Run a project, and answer its address. The output is in files of the folder."""
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
        self._processes.append(process)
        return _address(process, output, log)

    def end(self) -> None:
        for process in self._processes:
            process.terminate()
        stuck = [process for process in self._processes if not _ends(process)]
        for process in stuck:
            process.kill()
            process.wait()
        assert not stuck, "a runner did not end by itself"


def _ends(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(ENDED_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _address(process: subprocess.Popen[bytes], output: Path, log: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not (ready := _READY.search(output.read_text())):
        assert process.poll() is None, f"the runner ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the runner did not get ready:\n{log.read_text()}"
        time.sleep(0.02)
    return ready[1]
