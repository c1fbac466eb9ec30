"""The `belfry` command, mostly when something is wrong: it says what, and how to mend it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from local_runner.command.main import app


def belfry(*arguments: str | Path, data: Path, input: str | None = None) -> Result:  # noqa: A002  # as click names it
    """Run a command where nothing of Belfry is in the environment."""
    command = [*map(str, arguments), "--data", str(data)]
    environment = {"MONGODB_URI": None, "BELFRY_DATA": None}
    return CliRunner().invoke(app, command, env=environment, input=input)


@pytest.mark.parametrize(
    "command",
    [
        ["send", "ada@example.com", "Hello"],
        ["listen", "ada@example.com"],
        ["users", "list"],
        ["users", "add", "ada@example.com"],
        ["users", "grant-admin", "ada@example.com"],
        ["users", "revoke-admin", "ada@example.com"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_without_a_runner_it_says_how_to_start_one(tmp_path: Path, command: list[str]) -> None:
    result = belfry(*command, data=tmp_path / "data")
    assert result.exit_code == 1
    assert "Belfry does not run here" in result.stderr
    assert "make up" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_names_one_that_is_free(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = belfry("up", "--port", str(port), data=tmp_path / "data")
    assert result.exit_code == 1
    assert f"Port {port} on 127.0.0.1 is taken by another program" in result.stderr
    hint = re.search(r"is free: --port (\d+)", result.stderr)
    assert hint
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(hint[1])))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    result = belfry("up", f"--port={port}", data=tmp_path)
    assert result.exit_code == 2
    assert "--port" in result.stderr


@pytest.mark.parametrize("priority", ["0", "6", "high"])
def test_a_priority_that_is_none_is_refused(tmp_path: Path, priority: str) -> None:
    result = belfry("send", "a@b.c", "Hello", f"--priority={priority}", data=tmp_path)
    assert result.exit_code == 2
    assert "--priority" in result.stderr


@pytest.mark.parametrize("content", [None, "{", b"\xff"])
def test_an_event_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes | None) -> None:
    event = tmp_path / "event.json"
    if content is not None:
        event.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = belfry("invoke", "system.health", "--event", event, data=tmp_path)
    assert result.exit_code == 1
    assert f"{event} cannot be used as an event" in result.stderr


def test_an_event_of_standard_input_is_read(tmp_path: Path) -> None:
    result = belfry("invoke", "system.health", "--event", "-", data=tmp_path, input="{")
    assert "- cannot be used as an event" in result.stderr


def test_help_tells_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in ("up", "send", "listen", "users", "invoke", "doctor"):
        assert re.search(rf"\b{command}\b", result.stdout)


def test_the_doctor_looks_at_the_parts_when_nothing_runs(tmp_path: Path) -> None:
    result = belfry("doctor", data=tmp_path)
    assert "not started" in result.stdout
    assert re.search(r"functions +\d+, all as openapi.yaml declares them", result.stdout)
    assert "mongod" in result.stdout


@pytest.fixture
def environment(mongodb_uri: str) -> dict[str, str]:
    """The command as it is used with a database of one's own."""
    database = f"test_{uuid4().hex[:8]}"
    return {
        **os.environ,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": database,
        "COLUMNS": "200",
    }


def process(
    environment: dict[str, str], data: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    # A process of its own, because the command leaves its connections to the end of the process.
    command = [sys.executable, "-m", "local_runner.command", *arguments, "--data", str(data)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_accounts_by_the_command(environment: dict[str, str], tmp_path: Path) -> None:
    added = process(environment, tmp_path, "users", "add", "Ada@Example.com", "--admin")
    assert added.returncode == 0, added.stderr
    assert re.search(r"added ada@example.com +password +\S{12,}", added.stdout)
    wrong = process(environment, tmp_path, "users", "add", "ada", "--password", "short")
    assert wrong.returncode == 1
    assert "email: must be an e-mail address" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    unknown = process(environment, tmp_path, "users", "grant-admin", "bob@example.com")
    assert unknown.returncode == 1
    assert "There is no account bob@example.com" in unknown.stderr
    listed = process(environment, tmp_path, "users", "list")
    assert re.search(r"ada@example.com +admin .* Ada", listed.stdout)
    revoked = process(environment, tmp_path, "users", "revoke-admin", "ADA@example.com")
    assert revoked.returncode == 0, revoked.stderr
    listed = process(environment, tmp_path, "users", "list")
    assert re.search(r"ada@example.com +user .* Ada", listed.stdout)


def test_an_address_of_a_database_that_is_none_is_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    wrong = {**environment, "MONGODB_URI": "postgres://localhost"}
    result = process(wrong, tmp_path, "users", "list")
    assert result.returncode == 1
    assert "MONGODB_URI is not usable" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_REGION": ""}, "AWS_REGION is not set"),
        ({"TOKEN_PUBLIC_KEY": "x"}, "TOKEN_PUBLIC_KEY is not an Ed25519 public key"),
        ({"RABBITMQ_URL": "amqp://a", "RABBITMQ_CREDENTIALS": "x"}, "RABBITMQ_CREDENTIALS is not"),
        ({"MONGODB_URI": "arn:aws:secretsmanager:x"}, "Secrets Manager does not answer"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_a_setting_that_is_wrong_stops_the_start(
    variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    nowhere = {"MONGODB_URI": "mongodb://127.0.0.1:1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    environment = {**os.environ, **nowhere, "COLUMNS": "200", **variables}
    result = process(environment, tmp_path, "up", "--port", "0")
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
