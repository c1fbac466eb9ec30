"""What publishing to RabbitMQ does when the connection or the broker fails."""

from __future__ import annotations

import gc
import logging
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pika
import pytest

from belfry.adapters.rabbitmq.connection import PATIENCE_SECONDS, Handover
from belfry.adapters.rabbitmq.queue import PAUSE_SECONDS, RabbitQueue
from belfry.adapters.rabbitmq.queue import log as queue_log
from belfry.errors import ConfigurationError, QueueUnavailable
from belfry.ports import Message
from belfry.topology import DEAD_LETTERS, EXCHANGE, topology
from local_runner.servers.rabbitmq_node import Node
from local_runner.servers.rabbitmq_program import find_rabbitmq
from tests.contract.brokers import NAME, RETRY, SECONDS, empty
from tests.tcp_proxy import TcpProxy

SLACK = 1.0  # a slow machine's


@pytest.fixture
def url(rabbitmq_url: str) -> str:
    empty(rabbitmq_url, topology(RETRY))
    return rabbitmq_url


@pytest.fixture
def wire(url: str) -> Iterator[TcpProxy]:
    with TcpProxy(pika.URLParameters(url).port) as proxy:
        yield proxy


@pytest.fixture
def queue(url: str, wire: TcpProxy) -> Iterator[RabbitQueue]:
    """A publisher over a wire that can be cut."""
    port = pika.URLParameters(url).port
    queue = RabbitQueue(url.replace(f":{port}", f":{wire.port}"))
    yield queue
    wire.flow()
    queue.close()


def count(url: str) -> int:
    """How many messages wait."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        waiting: int = connection.channel().queue_declare(NAME, passive=True).method.message_count
        return waiting


def bodies(url: str) -> list[str]:
    """The texts of all that waits."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        found = []
        while (got := channel.basic_get(NAME, auto_ack=True))[0]:
            found.append(got[2].decode())
        return found


@contextmanager
def alarm(folder: Path) -> Iterator[None]:
    """The broker believes that it has used up its memory."""
    rabbitmqctl(folder, "set_vm_memory_high_watermark", "0.00001")
    try:
        yield
    finally:
        rabbitmqctl(folder, "set_vm_memory_high_watermark", "0.4")


def rabbitmqctl(folder: Path, *command: str) -> str:
    program = find_rabbitmq().server.with_name("rabbitmqctl")
    environment = Node.of(folder).environment(folder)
    done = subprocess.run(
        [program, "--quiet", *command], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def message(text: str = "1") -> Message:
    return Message(NAME, text.encode())


def test_a_connection_that_broke_is_opened_again_within_the_call(
    queue: RabbitQueue, wire: TcpProxy, url: str
) -> None:
    queue.publish([message()])
    wire.cut()
    queue.publish([message()])
    assert count(url) == 2


def test_a_connection_that_is_silent_is_opened_again_within_the_call(
    queue: RabbitQueue, wire: TcpProxy, url: str
) -> None:
    queue.publish([message()])
    wire.block()
    with ThreadPoolExecutor(1) as threads:
        publishing = threads.submit(queue.publish, [message()])
        time.sleep(PATIENCE_SECONDS * 0.3)  # the first connection is being waited for
        wire.cut()
        wire.flow()
        publishing.result(PATIENCE_SECONDS + SLACK)
    assert count(url) >= 2


def test_a_broker_that_does_not_answer_is_waited_for_two_seconds_and_then_not_at_all(
    queue: RabbitQueue, wire: TcpProxy, url: str
) -> None:
    queue.publish([message()])
    wire.block()
    started = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        failures = list(threads.map(lambda _: _fails(queue), range(8)))
    assert all(failures)
    assert time.monotonic() - started < PATIENCE_SECONDS + SLACK
    started = time.monotonic()
    assert all(_fails(queue) for _ in range(100))
    assert time.monotonic() - started < PAUSE_SECONDS

    wire.flow()
    time.sleep(PAUSE_SECONDS)  # what it leaves alone for so long
    queue.publish([message()])
    assert count(url) >= 2


def _fails(queue: RabbitQueue) -> bool:
    try:
        queue.publish([message()])
    except QueueUnavailable as error:
        return error.temporary
    return False


def test_what_waits_at_the_same_moment_goes_together(queue: RabbitQueue, url: str) -> None:
    queue.check()
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: queue.publish([message(str(number))]), range(1000)))
    assert count(url) == 1000


def test_one_bad_message_harms_no_other(queue: RabbitQueue, url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        good = [threads.submit(queue.publish, [message()]) for _ in range(50)]
        bad = threads.submit(queue.publish, [Message("elsewhere", b"")])
        for each in good:
            each.result(PATIENCE_SECONDS + SLACK)
        with pytest.raises(
            QueueUnavailable, match="No queue takes elsewhere: run `belfry topology"
        ):
            bad.result(PATIENCE_SECONDS + SLACK)
    assert count(url) == 50


def test_a_delay_that_was_not_declared_says_how_to_mend_it(queue: RabbitQueue) -> None:
    with pytest.raises(QueueUnavailable, match=r"belfry.wait.77s.*run `belfry topology apply`"):
        queue.publish([Message(NAME, b"", delay=77)])


def test_a_message_is_persistent_and_keeps_its_headers(queue: RabbitQueue, url: str) -> None:
    queue.publish([Message(NAME, b"{}", {"x-retry-attempts": 1})])
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        method, properties, body = connection.channel().basic_get(NAME, auto_ack=True)
    assert (method.exchange, method.routing_key, body) == (EXCHANGE, NAME, b"{}")
    assert properties.delivery_mode == 2
    assert properties.headers["x-retry-attempts"] == 1


def test_who_has_no_time_left_leaves_a_healthy_connection_alone(
    queue: RabbitQueue, url: str
) -> None:
    queue.publish([message()])
    late = Handover([message()])
    queue._waiting.append(late)
    queue._lead(time.monotonic())
    assert late.error is not None
    queue.publish([message()])
    assert count(url) == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pika's sockets go with its loop
def test_whatever_pika_does_the_next_publish_works(
    queue: RabbitQueue, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue.publish([message()])
    assert queue._link
    queue._link._connection.ioloop.call_later(0, _fail)
    # A record of it would hold what is to be collected below.
    with caplog.at_level(logging.CRITICAL, queue_log.name), pytest.raises(QueueUnavailable):
        queue.publish([message()])
    time.sleep(PAUSE_SECONDS)
    queue.publish([message()])
    gc.collect()


def _fail() -> None:
    raise RuntimeError("out of pika's own loop")


def test_while_the_broker_has_an_alarm_nothing_is_sent_and_no_connections_pile_up(
    queue: RabbitQueue, url: str, rabbitmq_folder: Path
) -> None:
    queue.publish([message()])
    before = _connections(rabbitmq_folder)
    with alarm(rabbitmq_folder):
        deadline = time.monotonic() + SECONDS
        while not _fails(queue):
            assert time.monotonic() < deadline
        for _ in range(3):
            time.sleep(PAUSE_SECONDS)  # so that it tries again
            started = time.monotonic()
            with pytest.raises(QueueUnavailable):
                queue.publish([message("not sent")])
            assert time.monotonic() - started < PATIENCE_SECONDS / 2
        assert _connections(rabbitmq_folder) == before
    deadline = time.monotonic() + SECONDS
    while _fails(queue):
        assert time.monotonic() < deadline
    assert "not sent" not in bodies(url)


def _connections(rabbitmq_folder: Path) -> int:
    """How many the broker has, with those of other tests' runners."""
    return rabbitmqctl(rabbitmq_folder, "list_connections", "pid").count("<")


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://localhost", "amqp://[", "amqp://ada:se/cret@localhost"]
)
def test_an_address_that_is_none_names_its_variable_and_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="RABBITMQ_URL") as raised:
        RabbitQueue(url)
    assert "'se'" not in str(raised.value)


def test_errors_hold_no_password() -> None:
    with (
        closing(RabbitQueue("amqp://ada:secret@127.0.0.1:1")) as queue,
        pytest.raises(QueueUnavailable) as raised,
    ):
        queue.check()
    assert "secret" not in str(raised.value)


def test_asking_for_a_queue_that_is_not_there_breaks_no_publishing(
    url: str, queue: RabbitQueue
) -> None:
    queue.publish([Message(NAME, b"1")])
    kept = queue._link
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        connection.channel().queue_delete(DEAD_LETTERS)
    depths = queue.depths()
    assert NAME in depths
    assert DEAD_LETTERS not in depths
    queue.publish([Message(NAME, b"2")])
    assert queue._link is kept
    assert bodies(url) == ["1", "2"]


def test_depths_of_a_broker_that_hangs_are_not_waited_for_long(
    queue: RabbitQueue, wire: TcpProxy
) -> None:
    queue.check()
    wire.block()
    started = time.monotonic()
    assert queue.depths() == {}
    assert time.monotonic() - started < PATIENCE_SECONDS + SLACK
