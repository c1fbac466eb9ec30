"""Retries and dead letters as they happen, with the embedded queue and with RabbitMQ.

The delays are those of production, 1, 5 and 25 s, compressed to a tenth.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pika
import pytest

from belfry.adapters.mongo.database import Database
from belfry.adapters.rabbitmq.queue import RabbitQueue
from belfry.history import QueuedBy
from belfry.model import Connection, Notification, new_id
from belfry.retry import RetryPolicy
from belfry.sending import delivery_message
from belfry.topology import DEAD_LETTERS, EXCHANGE, delivery_queue, topology
from belfry.wiring import Deps
from tests.contract.brokers import empty
from tests.push_endpoint import PushEndpoint
from tests.runner import Belfry, bearer

FIRST_DELAY = 0.1
DELAYS = RetryPolicy(first_delay=FIRST_DELAY).delays
SECONDS = 30.0
Json = dict[str, Any]


@pytest.fixture(scope="module", params=["embedded", "rabbitmq"])
def belfry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Belfry]:
    environment = {"RETRY_DELAY_SECONDS": str(FIRST_DELAY)}
    if request.param == "rabbitmq":
        url = request.getfixturevalue("rabbitmq_url")
        empty(url, topology(RetryPolicy(first_delay=FIRST_DELAY)))
        environment["RABBITMQ_URL"] = url
    runner = Belfry(tmp_path_factory.mktemp("retries") / "data", environment)
    with runner:
        yield runner


@pytest.fixture
def phone() -> Iterator[PushEndpoint]:
    with PushEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def person(belfry: Belfry, phone: PushEndpoint) -> Iterator[str]:
    """The id of somebody whose one device is the endpoint."""
    user_id = belfry.person(f"ada{new_id()}")[0]["id"]
    with stores_of(belfry) as parts:
        connection = connect(parts, user_id, phone)
        yield user_id
        parts.connections.remove([connection])


@contextmanager
def stores_of(belfry: Belfry) -> Iterator[Deps]:
    """The stores of the runner."""
    running = json.loads((belfry.folder / "running.json").read_text())
    database = Database.connect(running["MONGODB_URI"], "belfry")
    yield Deps(database=database)
    database.client.close()


def connect(parts: Deps, user_id: str, phone: PushEndpoint) -> str:
    """Let a person have the endpoint as a device; answers the id of the connection."""
    connection = Connection(f"{new_id()}=", user_id, phone.url, datetime.now(UTC))
    parts.connections.add(connection)
    return connection.id


def test_a_push_that_fails_twice_and_then_works_is_delivered_after_two_delays(
    belfry: Belfry, phone: PushEndpoint, person: str
) -> None:
    phone.statuses = [503, 503]
    sent = belfry.send(person)
    eventually(lambda: phone.delivered() == [sent["id"]])
    first, second, third = phone.asked
    assert second - first >= DELAYS[0] * 0.9
    assert third - second >= DELAYS[1] * 0.9
    # An attempt's number is that of the retry, which x-retry-attempts counts, and one more.
    eventually(lambda: trace(belfry, sent)["state"] == "dispatched")
    assert numbers(trace(belfry, sent)) == [1, 2, 3]
    assert dead_letters(belfry, person) == []


def test_pushes_that_keep_failing_die_are_redriven_in_bulk_and_delivered(
    belfry: Belfry, phone: PushEndpoint, person: str
) -> None:
    phone.always = 503
    sent = [belfry.send(person)["id"] for _ in range(3)]
    letters = eventually(lambda: len(found := dead_letters(belfry, person)) == 3 and found)
    tried = sorted(phone.asked)[-3:]
    assert tried[0] - min(phone.asked) >= sum(DELAYS) * 0.9
    assert {letter["notificationId"] for letter in letters} == set(sent)
    for letter in letters:
        assert (letter["reason"], letter["attempts"]) == ("push-failed", 3)
        assert letter["firstAt"] < letter["lastAt"]
    assert phone.delivered() == []

    phone.always = None
    body = {"reason": "push-failed", "userId": person}
    redriven = belfry.http.post(
        "/api/dead-letters/redrive", json=body, headers=bearer(belfry.admin_token())
    )
    assert redriven.json() == {"redriven": 3, "remaining": 0}
    eventually(lambda: set(phone.delivered()) == set(sent))
    assert dead_letters(belfry, person) == []
    eventually(lambda: trace(belfry, {"id": sent[0]})["state"] == "dispatched")
    assert numbers(trace(belfry, {"id": sent[0]})) == [1, 2, 3, 4, 1]


def test_one_failing_device_delays_nobody_else(
    belfry: Belfry, phone: PushEndpoint, person: str
) -> None:
    other, token = belfry.person(f"bob{new_id()}")
    phone.statuses = [503]
    late = belfry.send(person)
    with belfry.socket(token) as socket:
        socket.send('{"action": "sync"}')
        socket.recv(timeout=SECONDS)
        prompt = belfry.send(other["id"])
        frame = json.loads(socket.recv(timeout=SECONDS))
    assert [item["id"] for item in frame["notifications"]] == [prompt["id"]]
    eventually(lambda: phone.delivered() == [late["id"]])


@pytest.mark.parametrize("belfry", ["rabbitmq"], indirect=True)
def test_a_batch_of_100_with_one_that_fails_delivers_99_once_and_retries_1(
    belfry: Belfry, rabbitmq_url: str
) -> None:
    with (
        stores_of(belfry) as parts,
        PushEndpoint() as good,
        PushEndpoint() as bad,
        closing(RabbitQueue(rabbitmq_url)) as queue,
    ):
        ada, bob = two_of_one_shard(belfry)
        connect(parts, ada, good)
        connect(parts, bob, bad)
        bad.statuses = [503]
        now = datetime.now(UTC)
        sent = [Notification(new_id(), bob if n == 42 else ada, str(n), now) for n in range(100)]
        for each in sent:
            parts.outbox.add(each, dispatch_by=now + timedelta(minutes=5))
        queue.publish([delivery_message(each, by=QueuedBy.API, at=now) for each in sent])
        eventually(lambda: len(good.delivered()) >= 99 and bad.delivered())
        assert sorted(good.delivered()) == sorted(e.id for e in sent if e.user_id == ada)
        assert bad.delivered() == [sent[42].id]
        assert len(bad.asked) == 2
        assert bad.asked[1] - bad.asked[0] >= DELAYS[0] * 0.9
        eventually(lambda: numbers(trace(belfry, {"id": sent[42].id})) == [1, 2])
        assert numbers(trace(belfry, {"id": sent[0].id})) == [1]


def two_of_one_shard(belfry: Belfry) -> tuple[str, str]:
    """The ids of two people whose notifications wait in the same queue."""
    by_queue: dict[str, str] = {}
    while True:
        user_id = belfry.person(f"person{new_id()}")[0]["id"]
        other = by_queue.setdefault(delivery_queue(user_id), user_id)
        if other != user_id:
            return other, user_id


HOSTILE: dict[str, tuple[bytes, Json, str, str]] = {
    "no JSON": (b"\xff{not json", {}, "unreadable", "not JSON"),
    "5 MB": (
        json.dumps({"notificationId": "x", "more": "x" * 5_000_000}).encode(),
        {},
        "unreadable",
        "at most 65536",
    ),
    "unknown notification": (
        b'{"notificationId": "nobody-knows-it"}',
        {},
        "unknown-notification",
        "",
    ),
    "attempts that are no number": (
        b'{"notificationId": "nobody-knows-it"}',
        {"x-retry-attempts": [{"$gt": {"a": None}}]},
        "unreadable",
        "x-retry-attempts",
    ),
    "headers almost too large for AMQP": (
        b"{}",
        {f"{number}.$\n": "ü" * 30_000 for number in range(2)} | {"x-dead-reason": "no"},
        "unreadable",
        "notificationId",
    ),
}


@pytest.mark.parametrize("belfry", ["rabbitmq"], indirect=True)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_message_is_a_dead_letter_and_the_queue_goes_on(
    belfry: Belfry, phone: PushEndpoint, person: str, rabbitmq_url: str, kind: str
) -> None:
    body, headers, reason, error = HOSTILE[kind]
    since = datetime.now(UTC)
    publish(rabbitmq_url, delivery_queue(person), body, headers)
    [letter] = eventually(
        lambda: [each for each in dead_letters(belfry) if each["lastAt"] > since.isoformat()]
    )
    assert letter["reason"] == reason
    assert error in letter["error"]
    assert letter["queue"] == delivery_queue(person)
    sent = belfry.send(person)
    eventually(lambda: phone.delivered() == [sent["id"]])


@pytest.mark.parametrize("belfry", ["rabbitmq"], indirect=True)
def test_even_a_dead_letter_that_nobody_marked_is_kept(belfry: Belfry, rabbitmq_url: str) -> None:
    since = datetime.now(UTC).isoformat()
    publish(rabbitmq_url, DEAD_LETTERS, b"who knows", {})
    [letter] = eventually(lambda: [each for each in dead_letters(belfry) if each["lastAt"] > since])
    assert letter["reason"] == "delivery-limit"


def publish(url: str, queue: str, body: bytes, headers: Json) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(EXCHANGE, queue, body, pika.BasicProperties(headers=headers))


def dead_letters(belfry: Belfry, user_id: str | None = None) -> list[Json]:
    query = {"limit": "100"} | ({"userId": user_id} if user_id else {})
    answer = belfry.get("/api/dead-letters", belfry.admin_token(), params=query)
    items: list[Json] = Belfry.answer(answer, 200)["items"]
    return items


def trace(belfry: Belfry, sent: Json) -> Json:
    answer = belfry.get(f"/api/notifications/{sent['id']}/trace", belfry.admin_token())
    return Belfry.answer(answer, 200)


def numbers(trace: Json) -> list[int]:
    return [step["number"] for step in trace["steps"] if step["step"] == "attempt"]


def eventually(seen: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := seen()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
