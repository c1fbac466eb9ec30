"""A project that knows nothing of Belfry runs from the wheel, as docs/gateway.md says."""

from __future__ import annotations

import json
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.other_project import ROOT, greeter, running


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel installed, and nothing of the checkout on its path."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, *build, str(ROOT)], check=True)
    venv = [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")]
    subprocess.run(venv, check=True)
    python = folder / "venv/bin/python"
    (wheel,) = folder.glob("*.whl")
    install = ["--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, *install], check=True)
    # The packages that it needs; a path named so brings no editable installation with it.
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(site.getsitepackages()[0])
    return python


@pytest.fixture(scope="module", params=["thread", "process"])
def url(
    request: pytest.FixtureRequest, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the project is served."""
    project = greeter(tmp_path_factory.mktemp("project"))
    with running(project, "--isolation", request.param, python=python) as url:
        yield url


def test_the_checkout_is_not_on_the_path(python: Path) -> None:
    program = "import gateway, local_runner; print(gateway.__file__, local_runner.__file__)"
    found = subprocess.run([python, "-c", program], cwd="/", capture_output=True, text=True)
    assert str(ROOT) not in found.stdout
    assert found.returncode == 0, found.stderr


def test_a_request_is_answered(url: str) -> None:
    assert httpx.get(f"{url}/greetings/Ada").json() == {"greeting": "Hello, Ada!"}


def test_a_function_pushes_to_a_device(url: str) -> None:
    with connect(f"{url.replace('http', 'ws', 1)}/live") as socket:
        socket.send("it's me")
        answer = json.loads(socket.recv(10))
        assert answer["you"] == "it's me"
        address = f"{url}/connections/{answer['connectionId']}/messages"
        assert httpx.post(address, content="Hello").status_code == 401
        sent = httpx.post(address, content="Hello", headers={"x-key": "open sesame"}, timeout=20)
        assert sent.status_code == 202
        assert socket.recv(10) == "Hello"
    sent = httpx.post(address, content="Hello", headers={"x-key": "open sesame"})
    assert sent.status_code == 404


def test_without_a_checkout_belfry_itself_says_so(python: Path, tmp_path: Path) -> None:
    command = [str(python), "-m", "local_runner.command", "up", "--data", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "--spec" in ended.stderr
