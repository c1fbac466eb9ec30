"""The images that moto's Lambda needs, by the `docker` command: what is made here goes again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

HERE = Path(__file__).parent
LOCK = HERE.parents[2] / "requirements" / "runner.txt"
CLIENT = ("awslambdaric==", "simplejson==", "snapshot-restore-py==")
"""AWS's runtime client and what it needs."""

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
AWS = f"public.ecr.aws/lambda/python:{PYTHON}"
STAND_IN = f"python:{PYTHON}-slim"
COPIER = "busybox:latest"
"""In a container of this moto copies the zip into a volume."""


def why_not() -> str | None:
    """Why there can be no containers here, or None."""
    if shutil.which("docker") is None:
        return "there is no `docker` on the PATH"
    if _docker("info").returncode:
        return "Docker does not answer"
    return None


@contextmanager
def image(folder: Path) -> Iterator[str]:
    """An image that runs a function for one event. `folder` is for what it is built from."""
    base = AWS if _there(AWS) else STAND_IN
    for file in ("Dockerfile", "run_once.py"):
        shutil.copy(HERE / file, folder)
    (folder / "locked.txt").write_text(_locked())
    name = f"belfry-lambda:{uuid4().hex[:12]}"
    _done("build", "--quiet", f"--build-arg=BASE={base}", f"--tag={name}", str(folder))
    try:
        with _copier(base):
            yield name
    finally:
        _docker("image", "rm", "--force", name)


def gateway() -> str:
    """The address at which containers reach this machine, their `host.docker.internal`."""
    return _done("network", "inspect", "bridge", "--format={{(index .IPAM.Config 0).Gateway}}")


@contextmanager
def _copier(base: str) -> Iterator[None]:
    if _there(COPIER):
        yield
        return
    _done("tag", base, COPIER)  # all that moto wants of it is `sleep`
    try:
        yield
    finally:
        _docker("image", "rm", COPIER)


def _there(name: str) -> bool:
    if _docker("image", "inspect", name).returncode == 0:
        return True
    return _docker("pull", "--quiet", name).returncode == 0


def _locked() -> str:
    entries = re.split(r"\n(?=\w)", LOCK.read_text())
    return "\n".join(entry for entry in entries if entry.startswith(CLIENT)) + "\n"


def _done(*command: str) -> str:
    done = _docker(*command)
    assert done.returncode == 0, f"docker {command[0]}: {done.stderr or done.stdout}"
    return done.stdout.strip()


def _docker(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *command], capture_output=True, text=True, check=False)
