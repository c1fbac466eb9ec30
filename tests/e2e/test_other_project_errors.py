"""Another project's runner when something is wrong: it says what, and how to mend it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.other_project import greeter, running

WAIT = 60.0
QUEUES = "\nx-queues: { orders: { function: greet.hello } }\n"


def refused(project: Path, *options: str, **variables: str) -> str:
    """What it says when it does not start."""
    command = [sys.executable, "-m", "local_runner", "openapi.yaml", *options]
    ended = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=WAIT,
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return greeter(tmp_path)


def test_a_function_without_a_file_is_named(project: Path) -> None:
    (project / "functions/greet/hello.py").unlink()
    assert "greet.hello: there is no functions/greet/hello.py: write it" in refused(project)


def test_another_functions_package_is_not_taken_instead(project: Path) -> None:
    for file in (project / "functions").rglob("*.py"):
        file.unlink()
    assert "greet.hello: there is no functions/greet/hello.py" in refused(project)


def test_what_functions_share_may_stand_beside_them(project: Path) -> None:
    (project / "functions/greet/_words.py").write_text("HELLO = 'Hello'\n")
    with running(project):
        pass


def test_a_taken_port_and_a_free_one_are_named(project: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = refused(project, "--port", str(port))
    assert f"Port {port} on 127.0.0.1 is taken by another program. Port" in told


def test_a_host_that_is_none_is_named(project: Path) -> None:
    assert "256.0.0.1, port 0, cannot be served on" in refused(
        project, "--host", "256.0.0.1", "--port", "0"
    )


def test_a_broker_address_that_is_none_names_the_variable(project: Path) -> None:
    with (project / "openapi.yaml").open("a") as file:
        file.write(QUEUES)
    told = refused(project, "--port", "0", RABBITMQ_URL="nonsense")
    assert "RABBITMQ_URL must look like amqp://" in told


def test_queues_without_a_broker_are_told(project: Path) -> None:
    with (project / "openapi.yaml").open("a") as file:
        file.write(QUEUES)
    with running(project):
        pass
    assert "x-queues trigger nothing: set RABBITMQ_URL" in (project / "runner.log").read_text()


def test_a_broker_that_is_away_is_told_with_its_address(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (project / "openapi.yaml").open("a") as file:
        file.write(QUEUES)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = nobody.getsockname()[1]
        monkeypatch.setenv("RABBITMQ_URL", f"amqp://127.0.0.1:{port}")
        with running(project):
            pass
    told = (project / "runner.log").read_text()
    assert f"connecting to RabbitMQ at 127.0.0.1:{port} again" in told
    assert "orders: ;" not in told


def test_a_broker_without_queues_to_consume_is_no_hindrance(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://127.0.0.1:1")
    with running(project):
        pass


def test_an_environment_that_threads_cannot_have_is_told(project: Path) -> None:
    file = project / "openapi.yaml"
    file.write_text(file.read_text() + "  greet.hello: { environment: { TABLE: things } }\n")
    with running(project):
        pass
    assert "needs a process: --isolation process" in (project / "runner.log").read_text()
