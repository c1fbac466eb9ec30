"""Builds and starts docker-compose.yml once for all tests, and takes it down with its volumes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.compose.system import System


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """The whole system, with two runners."""
    _need_docker()
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture
    system = System()
    with capture.global_and_fixture_disabled():
        print(f"\nbuilding and starting the project {system.project} on {system.url}", flush=True)
        try:
            system.up()
        except subprocess.CalledProcessError as error:
            system.show_logs()
            system.down()
            pytest.exit(f"The system did not start: {error}. Its logs are above.", returncode=1)
    try:
        yield system
    finally:
        with capture.global_and_fixture_disabled():
            print("\ntaking it down", flush=True)
            system.down()


def _need_docker() -> None:
    if shutil.which("docker") is None:
        _without("There is no `docker` on the PATH. Install Docker with its compose plugin.")
    for command, mend in (
        (["docker", "info"], "Docker does not answer. Start it, and see that you may use it."),
        (["docker", "compose", "version"], "Docker has no compose plugin (version 2). Install it."),
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            _without(f"{mend}\n{done.stderr.strip()}")


def _without(reason: str) -> None:
    pytest.exit(f"The containers cannot be tested. {reason}", returncode=1)
