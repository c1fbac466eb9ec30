"""The first-notification steps of the README work as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.declared import ROOT
from tests.runner import Belfry

README = (ROOT / "README.md").read_text()
STEPS = README.split("## Your first notification\n")[1].split("\n## ")[0]


def test_the_steps_by_the_command_and_by_the_api(belfry: Belfry, tmp_path: Path) -> None:
    add_and_listen, send, by_api = re.findall(r"```sh\n(.*?)```", STEPS, re.DOTALL)
    add, listen = add_and_listen.strip().splitlines()

    assert "added ada@example.com" in _run(belfry, add)
    heard = tmp_path / "heard"
    with heard.open("w") as output:
        listener = subprocess.Popen(_bash(belfry, f"exec {listen}"), stdout=output)
        try:
            _wait_for(heard, "listening")
            assert "sent" in _run(belfry, send)
            _wait_for(heard, "Hello, Ada")
        finally:
            listener.terminate()
            listener.wait(10)
    answer = _run(belfry, by_api)
    assert "HTTP/1.1 201 Created" in answer
    assert '"message":"Hello, Bob"' in answer


def _bash(belfry: Belfry, steps: str) -> list[str]:
    """The steps, with this test's command, address and folder in place of the README's."""
    steps = steps.replace(".venv/bin/belfry", f"{sys.executable} -m local_runner.command")
    steps = steps.replace("http://127.0.0.1:8080", belfry.url)
    steps = steps.replace("@.local/", f"@{belfry.folder}/")
    return ["env", f"BELFRY_DATA={belfry.folder}", "bash", "-euc", steps]


def _run(belfry: Belfry, steps: str) -> str:
    done = subprocess.run(
        _bash(belfry, steps),
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in file.read_text():
        assert time.monotonic() < deadline, file.read_text()
        time.sleep(0.02)
