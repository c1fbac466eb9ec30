"""Events of triggers have the fields and types that AWS gives, as its own models read them."""

from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel

from local_runner.event_source import Received
from local_runner.queue_event import queue_event
from local_runner.triggers import schedule_event
from tests.gateway import shapes
from tests.gateway.shapes import shape

GIVEN = {"expiration": "60000", "messageId": "m-1", "timestamp": "Jan 5, 2026, 10:20:30 AM"}


def test_a_batch_of_a_queue() -> None:
    headers = {"x-kind": "email", "x-attempt": 2}
    batch = [Received(b'{"id": 1}', headers, redelivered, GIVEN) for redelivered in (False, True)]

    event = queue_event("notifications", batch)

    assert shape(event) == shapes.RABBITMQ
    records = event["rmqMessagesByQueue"]["notifications::/"]
    assert [shape(record) for record in records] == [shapes.RABBITMQ_RECORD] * 2
    # There is no model of it, only the data class.
    read = RabbitMQEvent(event).rmq_messages_by_queue["notifications::/"]
    assert [record.redelivered for record in read] == [False, True]
    assert read[0].json_data == {"id": 1}
    assert read[0].basic_properties.message_id == "m-1"


def test_what_a_message_does_not_say_is_null_and_there() -> None:
    event = queue_event("notifications", [Received(b"")])

    [record] = event["rmqMessagesByQueue"]["notifications::/"]
    expected = shapes.RABBITMQ_RECORD["basicProperties"]
    assert record["basicProperties"].keys() == expected.keys()
    assert record["basicProperties"]["messageId"] is None


def test_a_queue_is_named_with_its_virtual_host() -> None:
    event = queue_event("notifications", [Received(b"", virtual_host="tenant")])

    assert list(event["rmqMessagesByQueue"]) == ["notifications::tenant"]


def test_a_schedule() -> None:
    event = schedule_event("work.sweep")

    assert shape(event) == shapes.SCHEDULED
    EventBridgeModel.model_validate(event)
