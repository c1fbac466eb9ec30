"""What a trigger may count on, whichever queue it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from belfry.ports import Message
from local_runner.event_source import Received
from tests.contract.brokers import NAME, OTHER, ConsumedBroker, EmbeddedBroker, RabbitBroker


@pytest.fixture(params=["embedded", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[ConsumedBroker]:
    if request.param == "embedded":
        broker: ConsumedBroker = EmbeddedBroker()
    else:
        broker = RabbitBroker(request.getfixturevalue("rabbitmq_url"))
    yield broker
    broker.close()


def publish(broker: ConsumedBroker, *bodies: str) -> None:
    broker.queue.publish([Message(NAME, body.encode()) for body in bodies])


def collect(broker: ConsumedBroker, count: int) -> list[Received]:
    """That many messages, acknowledged by nobody yet."""
    received: list[Received] = []
    while len(received) < count:
        received += broker.receive(NAME, count - len(received))
    return received


def bodies(received: Sequence[Received]) -> list[str]:
    return [each.body.decode() for each in received]


def test_messages_come_in_their_order_and_no_more_than_were_asked_for(
    broker: ConsumedBroker,
) -> None:
    publish(broker, "0", "1", "2", "3")
    collected = collect(broker, 2)
    assert bodies(collected) == ["0", "1"]
    broker.acknowledge(NAME, collected)
    rest = collect(broker, 2)
    assert bodies(rest) == ["2", "3"]
    assert not any(each.redelivered for each in collected + rest)


def test_what_is_given_back_comes_again_whole_and_marked(broker: ConsumedBroker) -> None:
    publish(broker, "0", "1", "2")
    broker.give_back(NAME, collect(broker, 3))
    again = collect(broker, 3)
    assert bodies(again) == ["0", "1", "2"]
    assert all(each.redelivered for each in again)
    broker.acknowledge(NAME, again)
    publish(broker, "3")
    assert bodies(collect(broker, 1)) == ["3"]


def test_queues_do_not_disturb_one_another(broker: ConsumedBroker) -> None:
    publish(broker, "0")
    broker.queue.publish([Message(OTHER, b"other")])
    broker.give_back(NAME, collect(broker, 1))
    [other] = broker.receive(OTHER, 10)
    assert (other.body, other.redelivered) == (b"other", False)


def test_many_messages_flow_as_they_are_acknowledged(broker: ConsumedBroker) -> None:
    texts = [str(number) for number in range(200)]
    publish(broker, *texts)
    seen = [message.body.decode() for message in broker.next(NAME, 200)]
    assert seen == texts


def test_headers_and_large_bodies_arrive_as_they_were(broker: ConsumedBroker) -> None:
    body = bytes(range(256)) * 4096 * 5
    broker.queue.publish([Message(NAME, body, {"number": -(2**40), "text": "ü" * 1000})])
    [received] = collect(broker, 1)
    assert received.body == body
    assert received.headers == {"number": -(2**40), "text": "ü" * 1000}


def test_a_message_says_what_amazon_mq_would_say(rabbitmq_url: str) -> None:
    broker = RabbitBroker(rabbitmq_url)
    try:
        publish(broker, "{}")
        [received] = collect(broker, 1)
    finally:
        broker.close()
    assert received.properties["contentType"] == "application/json"
    assert received.properties["deliveryMode"] == 2
    assert received.properties["messageId"]


def test_what_was_not_acknowledged_comes_to_the_next_consumer(rabbitmq_url: str) -> None:
    broker = RabbitBroker(rabbitmq_url)
    try:
        publish(broker, "0", "1", "2")
        broker.acknowledge(NAME, collect(broker, 1))
        broker.disconnect()
        broker.reconnect()
        again = collect(broker, 2)
    finally:
        broker.close()
    assert bodies(again) == ["1", "2"]
    assert all(each.redelivered for each in again)
