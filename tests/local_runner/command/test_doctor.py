"""What `belfry doctor` says of the broker, and when it asks for something to be mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pika
import pytest
from typer.testing import CliRunner, Result

from belfry.adapters.rabbitmq.declare import apply
from belfry.settings import retry_policy
from belfry.topology import topology
from local_runner.command.doctor import Finding, examine
from local_runner.command.home import Home
from local_runner.command.main import app


def broker(folder: Path, environment: dict[str, str]) -> Finding:
    findings = {finding.part: finding for finding in examine(Home(folder), environment)}
    return findings["RabbitMQ"]


def test_without_a_broker_there_is_nothing_to_mend(tmp_path: Path) -> None:
    finding = broker(tmp_path, {})
    assert finding.state.startswith("not used")
    assert finding.mend is None


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("amqp://127.0.0.1:1", "cannot be reached"),
        ("http://127.0.0.1", "RABBITMQ_URL does not begin with amqp://"),
    ],
)
def test_a_broker_that_is_out_of_reach_is_told(tmp_path: Path, url: str, state: str) -> None:
    finding = broker(tmp_path, {"RABBITMQ_URL": url})
    assert state in finding.state
    assert finding.mend


@pytest.fixture
def retries(rabbitmq_url: str) -> Iterator[dict[str, str]]:
    """Settings whose wait queue no other test has."""
    environment = {
        "RETRY_MAX_ATTEMPTS": "1",
        "RETRY_DELAY_SECONDS": str(2000 + uuid4().int % 1000),
    }
    yield environment
    waiting = f"belfry.wait.{environment['RETRY_DELAY_SECONDS']}s"
    with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
        connection.channel().queue_delete(waiting)
        connection.channel().exchange_delete(waiting)


def test_missing_queues_are_told_also_of_the_broker_of_a_runner(
    tmp_path: Path, rabbitmq_url: str, retries: dict[str, str]
) -> None:
    finding = broker(tmp_path, {"RABBITMQ_URL": rabbitmq_url, **retries})
    assert "are missing" in finding.state
    assert finding.mend == "Run `belfry topology apply`."
    for _ in apply(rabbitmq_url, topology(retry_policy(retries))):
        pass
    Home(tmp_path).started({"url": "http://127.0.0.1:1", "RABBITMQ_URL": rabbitmq_url})
    finding = broker(tmp_path, retries)
    assert finding.state == "answers, and has all queues"
    assert finding.mend is None


@pytest.fixture
def addressed(rabbitmq_url: str) -> tuple[dict[str, str], str]:
    """The broker's address without credentials, and the credentials."""
    parts = urlsplit(rabbitmq_url)
    bare = parts._replace(netloc=f"{parts.hostname}:{parts.port}")
    user = {"username": parts.username, "password": parts.password}
    return {"RABBITMQ_URL": urlunsplit(bare)}, json.dumps(user)


STRANGER = json.dumps({"username": "nobody", "password": "wrong"})


def test_the_credentials_of_a_broker_count(
    tmp_path: Path, addressed: tuple[dict[str, str], str]
) -> None:
    url, user = addressed
    assert broker(tmp_path, {**url, "RABBITMQ_CREDENTIALS": user}).state.startswith("answers")
    assert "refuses us" in broker(tmp_path, {**url, "RABBITMQ_CREDENTIALS": STRANGER}).state
    finding = broker(tmp_path, {**url, "RABBITMQ_CREDENTIALS": "guest"})
    assert "RABBITMQ_CREDENTIALS is not JSON" in finding.state
    assert finding.mend


def test_a_secret_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:broker-1"
    finding = broker(tmp_path, {"RABBITMQ_URL": secret})
    assert "AWS_ACCESS_KEY_ID is not set" in finding.state
    assert finding.mend


def test_the_topology_is_made_with_those_credentials(
    tmp_path: Path, addressed: tuple[dict[str, str], str]
) -> None:
    def run(environment: dict[str, str], credentials: str) -> Result:
        arguments = ["topology", "apply", "--dry-run", "--data", str(tmp_path)]
        env = {**environment, "RABBITMQ_CREDENTIALS": credentials}
        return CliRunner().invoke(app, arguments, env=env)

    url, user = addressed
    refused = run(url, STRANGER)
    assert refused.exit_code == 1
    assert "refuses us" in refused.stderr
    assert run(url, user).exit_code == 0
    assert "RABBITMQ_CREDENTIALS is not JSON" in run(url, "guest").stderr
    assert "RABBITMQ_URL is not set" in run({"RABBITMQ_URL": ""}, user).stderr
