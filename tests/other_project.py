"""A runner of a project that is not Belfry: `python -m local_runner` as a child."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


def greeter(folder: Path) -> Path:
    """A copy of the example project."""
    return Path(shutil.copytree(ROOT / "examples/greeter", folder / "greeter"))


@contextmanager
def running(
    project: Path, *options: str, python: Path | str = sys.executable, log: Path | None = None
) -> Iterator[str]:
    """Serve a project on a free port; gives its address. `log` gets its standard error."""
    command = [python, "-m", "local_runner", "openapi.yaml", "--port", "0", *options]
    log = log or project / "runner.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=project, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as runner,
    ):
        assert runner.stdout
        try:
            ready = runner.stdout.readline().split()
            assert ready[:1] == ["ready"], log.read_text()
            yield ready[1]
        finally:
            runner.terminate()
            ended = runner.wait(20)
    assert ended == 0, log.read_text()
