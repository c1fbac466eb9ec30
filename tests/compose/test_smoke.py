"""The smoke test through the edge, as after every deployment, and in the containers themselves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.compose.system import System

pytestmark = pytest.mark.compose

WELL = "All is well: "


def test_it_passes_through_the_edge(system: System) -> None:
    admin = system.admin()
    command = [sys.executable, "-m", "local_runner.command", "smoke", "--url", system.url]
    command += ["--ws-url", f"ws://127.0.0.1:{system.port}/ws", "--admin-email", admin["email"]]
    environment = {**os.environ, "BELFRY_ADMIN_PASSWORD": admin["password"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert WELL in done.stdout


def test_it_passes_in_a_runner_as_its_own_administrator(system: System) -> None:
    assert WELL in system.in_service("runner", "belfry", "smoke")
