"""Ends what a killed runner left behind, and nothing else."""

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from local_runner.servers.child_server import STOP_SECONDS

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02


def end_leftover(pid_file: Path, mark: str, *, patience: float = STOP_SECONDS) -> None:
    """End the process of the file if `mark` is in its command line; by force after `patience` s.

    A process id from a file is not enough to go by: the number may be another program's now.
    """
    text = pid_file.read_text().strip() if pid_file.exists() else ""
    if not text.isdecimal():
        return
    pid = int(text)
    deadline = time.monotonic() + patience
    if mark in command_line(pid):
        log.info("ending process %d, which a killed runner left behind", pid)
        _signal(pid, signal.SIGTERM)
    while mark in command_line(pid):
        if time.monotonic() > deadline:
            _signal(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def command_line(pid: int) -> str:
    """The program and arguments of a process; empty when there is none, or it has ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    shown = subprocess.run(  # noqa: S603 - numbers only, no shell
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
