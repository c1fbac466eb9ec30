"""Declaring the topology, on a real RabbitMQ and by the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pika
import pytest

from belfry.adapters.rabbitmq.declare import apply
from belfry.errors import ConfigurationError, QueueUnavailable
from belfry.retry import RetryPolicy
from belfry.topology import DEAD_LETTERS, Declared, topology
from tests.contract.brokers import empty
from tests.tcp_proxy import TcpProxy

WANTED = topology(RetryPolicy(first_delay=0.3))


@pytest.fixture
def url(rabbitmq_url: str) -> str:
    """A broker on which one queue of the topology is missing."""
    empty(rabbitmq_url, WANTED)
    with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
        connection.channel().queue_delete("belfry.wait.1.5s")
    return rabbitmq_url


def missing(declared: list[Declared]) -> list[str]:
    return [each.part for each in declared if each.was_missing]


MISSING = ["queue belfry.wait.1.5s", "binding belfry.wait.1.5s → belfry.wait.1.5s"]


def test_what_is_missing_is_made_and_then_nothing_is(url: str) -> None:
    parts = len(WANTED.exchanges) + len(WANTED.queues) + len(WANTED.bindings)
    first = list(apply(url, WANTED))
    assert len(first) == parts
    assert missing(first) == MISSING
    assert missing(list(apply(url, WANTED))) == []


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(url: str) -> None:
    assert missing(list(apply(url, WANTED, dry_run=True))) == MISSING
    assert missing(list(apply(url, WANTED, dry_run=True))) == MISSING


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_queue_with_other_settings_is_a_clear_error(url: str, dry_run: bool) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_delete(DEAD_LETTERS)
        channel.queue_declare(DEAD_LETTERS, durable=True)
    try:
        with pytest.raises(ConfigurationError, match=r"RABBITMQ_URL.*'x-.*'belfry.dead'.*apply"):
            list(apply(url, WANTED, dry_run=dry_run))
    finally:
        empty(url, WANTED)


def test_a_broker_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable, match=r"RabbitMQ cannot be reached: .*refused"):
        list(apply("amqp://127.0.0.1:1", WANTED))


@pytest.mark.parametrize("after", [0, 3])
def test_a_broker_that_falls_silent_is_unavailable(url: str, after: int) -> None:
    port = pika.URLParameters(url).port
    with TcpProxy(port) as wire:
        declared = apply(url.replace(f":{port}", f":{wire.port}"), WANTED)
        for _ in range(after):
            next(declared)
        wire.block()
        with pytest.raises(QueueUnavailable, match="RabbitMQ cannot be reached"):
            list(declared)


def test_wrong_credentials_and_hosts_name_the_variable(url: str) -> None:
    user, host = url.removeprefix("amqp://").split("@")
    wrong = f"amqp://{user.split(':')[0]}:no@{host}"
    for address in (wrong, url.replace("%2f", "nowhere")):
        with pytest.raises(ConfigurationError, match="RABBITMQ_URL: the broker refuses us"):
            list(apply(address, WANTED))


def test_the_command_tells_what_it_makes(url: str, tmp_path: Path) -> None:
    dry = command(tmp_path, url, "--dry-run")
    assert "+ queue belfry.wait.1.5s" in dry
    assert "✓ queue belfry.dead" in dry
    assert "2 would be made" in dry
    assert "2 made" in command(tmp_path, url)
    assert "nothing to do: all of it is there" in command(tmp_path, url)


def test_the_command_without_a_broker_names_the_variable(tmp_path: Path) -> None:
    assert "RABBITMQ_URL is not set" in command(tmp_path, "", status=1)
    assert "RabbitMQ cannot be reached" in command(tmp_path, "amqp://127.0.0.1:1", status=1)


def command(folder: Path, url: str, *options: str, status: int = 0) -> str:
    run = [sys.executable, "-m", "local_runner.command", "topology", "apply", *options]
    environment = {**os.environ, "RABBITMQ_URL": url, "RETRY_DELAY_SECONDS": "0.3"}
    done = subprocess.run(
        [*run, "--data", str(folder)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr
