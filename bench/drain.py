"""Queued notifications per second until they are on their devices: 20,000 for 500 people.

Each person has a device with an open socket. The runner is stopped (SIGSTOP) while this process
stores the notifications and publishes their messages, as the API and its outbox do; then it goes
on, and the clock runs until the last device has its last frame. Each has to come to its person
once and to nobody else, or there is no figure. In turn pika alone consumes and acknowledges as many
messages from queues of the same kind, batch by batch.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pika
from websockets.asyncio.client import ClientConnection

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.notifications import to_document
from belfry.adapters.mongo.users import MongoUsers
from belfry.adapters.rabbitmq.queue import RabbitQueue
from belfry.adapters.tokens.issuer import JwtIssuer
from belfry.history import QueuedBy
from belfry.model import Notification, Role, User, new_id
from belfry.sending import delivery_message
from bench.devices import open_sockets
from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.processes import Runner, belfry, processor_seconds, raise_open_files
from local_runner.command.home import Home
from tests.runner import bearer

QUEUED = 20_000
PEOPLE = 500
ROUNDS = 3
PUBLISHED_AT_ONCE = 1000
BATCH = 100
PREFETCH = 200
DRAINED_WITHIN_SECONDS = 120.0
LINGER_SECONDS = 0.5  # what comes twice would come by then
REFERENCE_QUEUE = "bench.drain"


def measure(tell: Tell, queued: int = QUEUED) -> list[Figure]:
    raise_open_files(PEOPLE + 200)
    with belfry("--rabbitmq") as runner, runner.database("belfry") as database:
        running = Home(runner.folder).running()
        assert running
        broker = running["RABBITMQ_URL"]
        tell(f"making {PEOPLE} people")
        people = _people(runner, database)
        measured, reference = [], []
        used = processor_seconds(runner.pid)
        for number in range(ROUNDS):
            tell(f"round {number + 1} of {ROUNDS}")
            measured.append(asyncio.run(_drain(runner, database, broker, people, queued)))
            reference.append(_consume_alone(broker, queued))
        used = (processor_seconds(runner.pid) - used) / (ROUNDS * queued)
    return [
        Figure(
            f"drain of {queued:,} to 500 devices",
            "/s",
            measured,
            reference,
            "pika alone consumes and acknowledges them",
            aims=(Aim(4000),),
            note=f"each takes {used * 1e3:.1f} ms of the runner's processor time",
        )
    ]


def _people(runner: Runner, database: Database) -> dict[str, str]:
    """Accounts that were never registered by the API, which would hash 500 passwords: id, token."""
    now = datetime.now(UTC)
    key = Home(runner.folder).environment()["TOKEN_PRIVATE_KEY"]
    issuer = JwtIssuer(key, lambda: datetime.now(UTC))
    people = {}
    for number in range(PEOPLE):
        email = f"person{number}@example.com"
        user = User(new_id(), f"Person {number}", email, Role.USER, now)
        MongoUsers(database).add(user, "no password fits")
        people[user.id] = issuer.issue(user)[0]
    return people


def _queue(
    database: Database, broker: str, people: Sequence[str], queued: int
) -> Counter[tuple[str, str]]:
    """Store and publish as `belfry.sending.accept` does, only many at once; person and id each."""
    queue = RabbitQueue(broker)
    sent: Counter[tuple[str, str]] = Counter()
    for first in range(0, queued, PUBLISHED_AT_ONCE):
        now = datetime.now(UTC)
        batch = [
            Notification(new_id(), people[number % PEOPLE], f"Build {number} is green", now)
            for number in range(first, min(first + PUBLISHED_AT_ONCE, queued))
        ]
        # An hour: the sweep is not to publish again what only waits for its turn here.
        later = now + timedelta(hours=1)
        database.notifications.insert_many([to_document(each, later) for each in batch])
        queue.publish([delivery_message(each, by=QueuedBy.API, at=now) for each in batch])
        sent.update((each.user_id, each.id) for each in batch)
    queue.close()
    return sent


def _consume_alone(broker: str, queued: int) -> float:
    """Messages per second of a quorum queue of our own, acknowledged by the hundred."""
    with pika.BlockingConnection(pika.URLParameters(broker)) as connection:
        channel = connection.channel()
        channel.queue_declare(REFERENCE_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.confirm_delivery()
        persistent = pika.BasicProperties(content_type="application/json", delivery_mode=2)
        body = b'{"notificationId": "019ab3c2-8d11-7a40-8f7e-0242ac120002"}'
        for _ in range(queued):
            channel.basic_publish("", REFERENCE_QUEUE, body, persistent)
        channel.basic_qos(prefetch_count=PREFETCH)
        started = time.perf_counter()
        for number, (method, *_) in enumerate(channel.consume(REFERENCE_QUEUE), start=1):
            if number % BATCH == 0 or number == queued:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if number == queued:
                break
        took = time.perf_counter() - started
        channel.cancel()
        channel.queue_delete(REFERENCE_QUEUE)
    return queued / took


@dataclass(slots=True)
class _Devices:
    """What has come to which person. `everything` is set with the last one."""

    expected: int
    came: Counter[tuple[str, str]] = field(default_factory=Counter)
    everything: asyncio.Event = field(default_factory=asyncio.Event)
    at: float = 0.0

    async def listen(self, user_id: str, socket: ClientConnection) -> None:
        async for text in socket:
            for item in json.loads(text)["notifications"]:
                self.came[user_id, item["id"]] += 1
            if len(self.came) >= self.expected:
                self.at = time.perf_counter()
                self.everything.set()


async def _drain(
    runner: Runner, database: Database, broker: str, people: dict[str, str], queued: int
) -> float:
    """Notifications per second. Raises BenchmarkError."""
    headers = [bearer(token) for token in people.values()]
    sockets = await open_sockets(f"ws://127.0.0.1:{runner.port}/ws", headers)
    devices = _Devices(queued)
    listening = [
        asyncio.create_task(devices.listen(user_id, socket))
        for user_id, socket in zip(people, sockets, strict=True)
    ]
    os.kill(runner.pid, signal.SIGSTOP)
    try:
        sent = await asyncio.to_thread(_queue, database, broker, list(people), queued)
    finally:
        os.kill(runner.pid, signal.SIGCONT)
    started = time.perf_counter()
    with suppress(TimeoutError):
        await asyncio.wait_for(devices.everything.wait(), DRAINED_WITHIN_SECONDS)
    await asyncio.sleep(LINGER_SECONDS)
    for task in listening:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    right = devices.came & sent
    if devices.came != sent:
        raise BenchmarkError(
            f"Of {queued} notifications {right.total()} came to their person, and "
            f"{(devices.came - sent).total()} frames came twice or to somebody else."
        )
    return queued / (devices.at - started)
