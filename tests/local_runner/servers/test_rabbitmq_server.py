"""The embedded RabbitMQ, on the real server: it keeps its messages through every kind of end."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import AMQPError

from local_runner.servers.loopback import is_listening
from local_runner.servers.rabbitmq_leftovers import command_line, end_leftover
from local_runner.servers.rabbitmq_node import Node
from local_runner.servers.rabbitmq_program import Programs, find_rabbitmq
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq, RabbitmqError

QUEUE = "things"
PERSISTENT = pika.BasicProperties(delivery_mode=2)

RUNNER = """
import sys
from pathlib import Path
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq
rabbitmq = EmbeddedRabbitmq(Path(sys.argv[1]))
rabbitmq.start()
print(rabbitmq.uri, rabbitmq.pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def channel(uri: str) -> Iterator[Any]:
    """A channel in confirm mode, with the quorum queue; waits out a restart."""
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        yield channel


def add(uri: str, text: str) -> None:
    with channel(uri) as open_channel:
        open_channel.basic_publish("", QUEUE, text.encode(), PERSISTENT, mandatory=True)


def texts(uri: str, count: int) -> list[str]:
    """That many messages of the queue, which keeps them."""
    found: list[str] = []

    def take(open_channel: Any) -> bool:
        _, __, body = open_channel.basic_get(QUEUE)
        found.extend([body.decode()] if body else [])
        return len(found) == count

    with channel(uri) as open_channel:
        wait_until(lambda: take(open_channel))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def answers(uri: str) -> bool:
    try:
        pika.BlockingConnection(pika.URLParameters(uri)).close()
    except (AMQPError, OSError):
        return False
    return True


def is_running(pid: int) -> bool:
    return command_line(pid) != ""


def epmd_of(folder: Path) -> int:
    return int((folder / "epmd.pid").read_text())


def pid_of(rabbitmq: EmbeddedRabbitmq) -> int:
    assert rabbitmq.pid
    return rabbitmq.pid


def test_messages_and_address_outlive_a_stop_and_a_kill(tmp_path: Path) -> None:
    rabbitmq = EmbeddedRabbitmq(tmp_path / "rabbitmq")
    with rabbitmq:
        uri = rabbitmq.uri
        first = [pid_of(rabbitmq), epmd_of(tmp_path / "rabbitmq")]
        assert "beam" in command_line(first[0])
        # Killed within a second of its declaration, a quorum queue would be lost to RabbitMQ.
        add(uri, "1")
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 10
    assert rabbitmq.pid is None
    assert not any(is_running(pid) for pid in first)
    with EmbeddedRabbitmq(tmp_path / "rabbitmq") as again:
        assert again.uri == uri
        add(uri, "2")
        killed = pid_of(again)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: again.pid not in {None, killed} and answers(uri))
        add(uri, "3")
        assert texts(uri, 3) == ["1", "2", "3"]


def test_what_a_killed_runner_left_is_ended_and_its_messages_are_kept(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:
        assert runner.stdout
        uri, orphan = runner.stdout.readline().split()
        add(uri, "1")
        runner.kill()
    orphans = int(orphan), epmd_of(tmp_path)
    assert all(is_running(pid) for pid in orphans)
    with EmbeddedRabbitmq(tmp_path) as rabbitmq:
        assert not any(is_running(pid) for pid in orphans)
        assert rabbitmq.uri == uri
        assert texts(uri, 1) == ["1"]


def test_a_second_runner_is_refused_and_stopping_ends_the_restarts(tmp_path: Path) -> None:
    rabbitmq = EmbeddedRabbitmq(tmp_path)
    with rabbitmq:
        with pytest.raises(RabbitmqError, match=rf"process {os.getpid()}\) uses the data"):
            EmbeddedRabbitmq(tmp_path).start()
        os.kill(pid_of(rabbitmq), signal.SIGKILL)
    assert rabbitmq.pid is None
    assert not is_listening(Node.of(tmp_path).amqp_port)


def test_only_its_owner_can_read_the_secrets(tmp_path: Path) -> None:
    Node.of(tmp_path).with_free_ports().keep(tmp_path)
    for name in ("node.json", ".erlang.cookie"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_node_keeps_its_name_and_password_when_a_port_is_taken(tmp_path: Path) -> None:
    node = Node.of(tmp_path).with_free_ports()
    node.keep(tmp_path)
    assert Node.of(tmp_path).with_free_ports() == node
    with socket.create_server(("127.0.0.1", node.epmd_port)):
        moved = Node.of(tmp_path).with_free_ports()
    assert moved.epmd_port != node.epmd_port
    assert (moved.name, moved.password) == (node.name, node.password)


def test_nothing_of_the_environment_reaches_the_broker(tmp_path: Path) -> None:
    environment = Node.of(tmp_path).environment(tmp_path)
    inherited = {name for name in environment if not name.startswith(("RABBITMQ_", "ERL_"))}
    assert inherited == {"PATH", "LANG", "HOME", "RUNNING_UNDER_SYSTEMD"}
    assert environment["HOME"] == str(tmp_path)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("content", [None, "", "not a number", "{pid}"])
def test_a_process_that_is_not_ours_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes], content: str | None
) -> None:
    pid_file = tmp_path / "rabbitmq.pid"
    if content is not None:
        pid_file.write_text(content.format(pid=stranger.pid))
    end_leftover(pid_file, mark=f"-home {tmp_path} ")
    with pytest.raises(subprocess.TimeoutExpired):
        stranger.wait(0.2)


def test_a_leftover_that_does_not_end_is_ended_by_force(tmp_path: Path) -> None:
    stubborn = f"trap '' TERM; echo ready; while :; do sleep 0.1; done; : {tmp_path}"
    with subprocess.Popen(["sh", "-c", stubborn], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        (tmp_path / "pid").write_text(str(process.pid))
        end_leftover(tmp_path / "pid", mark=str(tmp_path), patience=0.1)
        try:
            assert process.wait(5) == -signal.SIGKILL
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "BOOT FAILED\n===========\nERROR: could not bind\nto port 1\n\nmore",
            "not bind to port 1",
        ),
        ("BOOT FAILED\n2026-01-01 [error]\n===\nERROR: late\n\n2026-01-01 x", "1: ERROR: late. S"),
        ("ERROR: epmd error for host localhost: nxdomain", "127.0.0.1 localhost"),
        ("sh: erl: not found", "erl: not found"),
    ],
)
def test_the_reason_of_a_broker_that_does_not_start_is_told(
    tmp_path: Path, said: str, told: str
) -> None:
    broken = tmp_path / "rabbitmq-server"
    broken.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit 1\n")
    broken.chmod(0o755)
    rabbitmq = EmbeddedRabbitmq(tmp_path / "data", programs=Programs(broken, find_rabbitmq().epmd))
    with pytest.raises(RabbitmqError, match=told):
        rabbitmq.start()
    assert not is_running(epmd_of(tmp_path / "data"))
