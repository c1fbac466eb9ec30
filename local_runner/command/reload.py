"""`belfry up --reload`: runs the command again whenever the code changes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from watchfiles import PythonFilter, run_process

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("belfry", "functions", "gateway", "local_runner", "openapi.yaml")


def run_again_on_change(arguments: Sequence[str]) -> None:
    """Keep `belfry ARGUMENTS` running, started again when a Python file or openapi.yaml changes."""
    command = [sys.executable, "-m", "local_runner.command", *arguments]
    run_process(
        *(ROOT / folder for folder in FOLDERS),
        target=shlex.join(command),
        target_type="command",
        watch_filter=PythonFilter(extra_extensions=(".yaml",)),
        sigint_timeout=15,
    )
