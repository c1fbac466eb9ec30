"""What the work for many people is made of: deliver to so many, prepare a chunk, push frames.

Each runs by itself, in one thread, against an idle database or an HTTP server that does nothing.
The reference is the processor time that the thread itself took of it; the rest was spent waiting
for the other side. On AWS the two depend on different things: the one on the function's memory, the
other on the database and the network. `belfry scale` reckons with them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from belfry.adapters.apigateway import ApiGatewayPusher
from belfry.adapters.mongo.audiences import MongoAudiences
from belfry.adapters.mongo.broadcasts import MongoBroadcasts, MongoChunks
from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.inboxes import MongoInboxes
from belfry.adapters.mongo.notifications import to_document
from belfry.adapters.mongo.outbox import MongoOutbox
from belfry.adapters.mongo.sessions import MongoConnections
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.copies import copy_for
from belfry.envelope import Chunk
from belfry.fan_out import CHUNK_PEOPLE, Progress
from belfry.model import Connection, Notification, User, new_id
from belfry.ports import PushResult
from belfry.settings import Settings
from bench.figure import BenchmarkError, Figure, Tell
from bench.processes import belfry, server
from local_runner.command.home import Home
from tests.crowd import crowd

T = TypeVar("T")
PEOPLE = 2_000
ROUNDS = 8
DELIVERED = (1, 100, 500)
PUSHED = 320
AGAINST = "its thread's own processor time"
HOUR = timedelta(hours=1)


class _Clock:
    """Adds up the seconds of the work, and those that its thread took of the processor."""

    def __init__(self) -> None:
        self.work, self.processor = 0.0, 0.0

    def of(self, call: Callable[[], T]) -> T:
        began, used = time.perf_counter(), time.thread_time()
        answer = call()
        self.work += time.perf_counter() - began
        self.processor += time.thread_time() - used
        return answer


_Clocks = dict[str, list[_Clock]]


def measure(tell: Tell) -> list[Figure]:
    clocks: _Clocks = defaultdict(list)
    with belfry() as runner, runner.database("parts") as database:
        tell(f"making {PEOPLE:,} people")
        people = crowd(database, PEOPLE)
        tell("delivering")
        for number in range(ROUNDS):
            for count in DELIVERED:
                name = "notification" if count == 1 else "notifications"
                clocks[f"deliver {count} {name}"].append(_deliver(database, people, count, number))
        tell("preparing chunks")
        clocks[f"prepare a chunk of {CHUNK_PEOPLE}"] = _prepare(database)
        tell("pushing")
        home = Home(runner.folder)
        where = {**home.environment(), **(home.running() or {}), "AWS_REGION": "us-east-1"}
        clocks[f"push {PUSHED} frames"] = _push(Settings.read(where))
    return [
        Figure(
            name,
            "ms",
            [each.work * 1e3 for each in each_round],
            [each.processor * 1e3 for each in each_round],
            AGAINST,
        )
        for name, each_round in clocks.items()
    ]


def _deliver(database: Database, people: Sequence[User], count: int, number: int) -> _Clock:
    """What a batch does in the database: arrive, look for connections, note that it is done."""
    now, clock = datetime.now(UTC), _Clock()
    chosen = [people[(number * count + n) % len(people)].id for n in range(count)]
    batch = [Notification(new_id(), user_id, "main is green again", now) for user_id in chosen]
    ids = [each.id for each in batch]
    documents = [to_document(each, now + HOUR) for each in batch]
    database.notifications.insert_many(documents, ordered=False)
    _, unknown = clock.of(lambda: MongoInboxes(database).append(ids, now))
    clock.of(lambda: MongoConnections(database).of_users(chosen))
    clock.of(lambda: MongoOutbox(database).settle(ids))
    if unknown:
        raise BenchmarkError(f"{len(unknown)} of {count} notifications did not arrive.")
    return clock


def _prepare(database: Database) -> list[_Clock]:
    """The chunks of a broadcast to everybody."""
    now, chunks, audiences = datetime.now(UTC), MongoChunks(database), MongoAudiences(database)
    to, content = Audience(AudienceKind.EVERYBODY), Content("Version 2 is out: read what is new")
    clocks = []
    for _ in range(ROUNDS):
        new = Broadcast(new_id(), to, content, now, BroadcastState.SCHEDULED)
        MongoBroadcasts(database).add(new, now + HOUR)
        for number in range(PEOPLE // CHUNK_PEOPLE):
            clock = _Clock()
            clock.of(partial(_one_chunk, chunks, audiences, Chunk(new.id, number)))
            clocks.append(clock)
    return clocks


def _one_chunk(chunks: MongoChunks, audiences: MongoAudiences, chunk: Chunk) -> None:
    broadcast = chunks.at(chunk)
    if not broadcast:
        raise BenchmarkError(f"There is no chunk {chunk.number}.")
    later = datetime.now(UTC) + HOUR
    copies = [copy_for(user_id, broadcast) for user_id in audiences.next(broadcast, CHUNK_PEOPLE)]
    chunks.spread(Progress(broadcast, copies, PEOPLE, is_last=False, due_at=later), later)


def _push(settings: Settings) -> list[_Clock]:
    """Frames to an endpoint that takes everything."""
    clocks = []
    with server("bare") as (host, _):
        pusher = ApiGatewayPusher(settings)
        now, frame = datetime.now(UTC), b'{"type":"notification"}' * 10
        to = [Connection(f"L{n:011}=", "them", f"http://{host}", now) for n in range(PUSHED)]
        for _ in range(ROUNDS):
            clock = _Clock()
            results = clock.of(lambda: pusher.push([(connection, frame) for connection in to]))
            if set(results) != {PushResult.DONE}:
                raise BenchmarkError("A push was refused.")
            clocks.append(clock)
        pusher.close()
    return clocks
