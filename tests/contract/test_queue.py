"""What the port `Queue` promises."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from belfry.errors import QueueUnavailable
from belfry.ports import Message
from belfry.topology import consumed_queues
from local_runner.command.embedded_queue import EmbeddedQueue
from tests.contract.brokers import (
    NAME,
    OTHER,
    RETRY,
    Broker,
    ConsumedBroker,
    EmbeddedBroker,
    FakeBroker,
    RabbitBroker,
)


@pytest.fixture(params=["fake", "embedded", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    broker: Broker
    if request.param == "fake":
        broker = FakeBroker()
    elif request.param == "embedded":
        broker = EmbeddedBroker()
    else:
        broker = RabbitBroker(request.getfixturevalue("rabbitmq_url"))
    yield broker
    broker.close()


def test_messages_arrive_in_order_and_as_they_were(broker: Broker) -> None:
    messages = [
        Message(NAME, b"\x00\xff", {"x-retry-attempts": 2, "x-dead-reason": "ünknown"}),
        Message(NAME, b""),
        Message(OTHER, b"another queue"),
        Message(NAME, b"last"),
    ]
    broker.queue.publish(messages)
    assert list(broker.next(NAME, 3)) == [messages[0], messages[1], messages[3]]
    assert list(broker.next(OTHER, 1)) == [messages[2]]


def test_a_queue_that_works_passes_the_check(broker: Broker) -> None:
    broker.queue.check()


def depths_are(broker: Broker, wanted: dict[str, int]) -> bool:
    """Whether they become so: a confirmed message is counted a moment later."""
    deadline = time.monotonic() + 10
    while broker.queue.depths() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_the_depths_are_what_waits_in_each_queue(broker: Broker) -> None:
    nothing = dict.fromkeys(consumed_queues(), 0)
    assert depths_are(broker, nothing)
    broker.queue.publish([Message(NAME, b"1"), Message(NAME, b"2"), Message(OTHER, b"3")])
    assert depths_are(broker, nothing | {NAME: 2, OTHER: 1})
    assert len(broker.next(NAME, 2)) == 2


def test_a_queue_that_is_down_has_no_depths(broker: Broker) -> None:
    broker.end()
    assert broker.queue.depths() == {}


def test_nothing_published_is_no_failure(broker: Broker) -> None:
    broker.queue.publish([])


def test_messages_of_many_threads_all_arrive(broker: Broker) -> None:
    bodies = [str(number).encode() for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda body: broker.queue.publish([Message(NAME, body)]), bodies))
    assert {message.body for message in broker.next(NAME, 200)} == set(bodies)


def test_a_queue_that_is_down_says_so(broker: Broker) -> None:
    broker.end()
    with pytest.raises(QueueUnavailable) as raised:
        broker.queue.publish([Message(NAME, b"1")])
    assert raised.value.temporary
    with pytest.raises(QueueUnavailable):
        broker.queue.check()


def test_a_message_for_a_queue_that_is_not_there_is_refused(broker: Broker) -> None:
    with pytest.raises(QueueUnavailable, match="elsewhere"):
        broker.queue.publish([Message("elsewhere", b"1")])
    broker.queue.publish([Message(NAME, b"2")])
    assert [message.body for message in broker.next(NAME, 1)] == [b"2"]


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"], indirect=True)
def test_a_delay_holds_a_message_back_and_no_other(broker: ConsumedBroker) -> None:
    first, second = RETRY.delays
    started = time.monotonic()
    broker.queue.publish(
        [
            Message(NAME, b"last", {"x-retry-attempts": 2}, delay=second),
            Message(NAME, b"later", {"x-retry-attempts": 1}, delay=first),
            Message(OTHER, b"of another queue", delay=first),
            Message(NAME, b"now"),
        ]
    )
    assert broker.next(NAME, 1)[0].body == b"now"
    [later] = broker.next(NAME, 1)
    assert time.monotonic() - started >= first * 0.9
    assert (later.body, later.headers["x-retry-attempts"]) == (b"later", 1)
    assert broker.next(OTHER, 1)[0].body == b"of another queue"
    [last] = broker.next(NAME, 1)
    assert time.monotonic() - started >= second * 0.9
    assert (last.body, last.headers["x-retry-attempts"]) == (b"last", 2)


def test_a_queue_that_was_never_opened_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable):
        EmbeddedQueue([NAME]).publish([Message(NAME, b"1")])
