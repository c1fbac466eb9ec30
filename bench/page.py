"""GET /api/notifications per second: the newest 10 of an inbox of 10,000.

wrk over 16 connections; in turn the same two queries (11 notifications, the unread count) are made
by pymongo alone, from 16 threads of this process.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from belfry.adapters.mongo import views
from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.inboxes import MongoInboxes
from belfry.adapters.mongo.notifications import to_document
from belfry.adapters.mongo.outbox import MongoOutbox
from belfry.model import Notification, new_id
from belfry.views import View
from bench.figure import BenchmarkError, Figure, Tell
from bench.load import ROUNDS, SECONDS, WARM_UP_SECONDS, from_threads, wrk
from bench.processes import belfry
from tests.runner import bearer

KEPT = 10_000
BATCH = 50


def measure(tell: Tell) -> list[Figure]:
    measured, reference = [], []
    with belfry() as runner, runner.database("belfry") as database:
        person, token = runner.person("reader")
        tell(f"filling an inbox with {KEPT:,} notifications")
        _fill(database, person["id"])
        answer = runner.answer(runner.get("/api/notifications", token), 200)
        if len(answer["items"]) != 10 or answer["unreadCount"] != KEPT:
            raise BenchmarkError(f"The inbox is not as it was filled: {answer}")
        queries = _queries(database, person["id"])
        if [item["id"] for item in answer["items"]] != queries()[0][:10]:
            raise BenchmarkError("The page's query has changed: change the reference's, too.")
        url, headers = f"{runner.url}/api/notifications", bearer(token)
        wrk(url, WARM_UP_SECONDS, headers=headers)
        for number in range(ROUNDS):
            tell(f"round {number + 1} of {ROUNDS}")
            measured.append(wrk(url, SECONDS, headers=headers))
            reference.append(from_threads(queries, SECONDS))
    return [
        Figure(
            "page of 10 out of 10,000",
            "/s",
            measured,
            reference,
            "the two queries by pymongo alone",
        )
    ]


def _fill(database: Database, user_id: str) -> None:
    """Let notifications arrive as the dispatcher does, only in larger batches."""
    inboxes, outbox = MongoInboxes(database), MongoOutbox(database)
    now = datetime.now(UTC)
    for first in range(0, KEPT, BATCH):
        batch = [
            Notification(new_id(), user_id, f"Build {number} is green", now, title="A build")
            for number in range(first, first + BATCH)
        ]
        later = now + timedelta(hours=1)
        database.notifications.insert_many([to_document(each, later) for each in batch])
        inboxes.append([each.id for each in batch], now)
        outbox.settle([each.id for each in batch])


def _queries(database: Database, user_id: str) -> Callable[[], tuple[list[str], object]]:
    def both() -> tuple[list[str], object]:
        found = database.notifications.find(views.query(user_id, View()))
        inbox = database.inboxes.find_one({"_id": user_id}, {"seq": True, "unread": True})
        return [each["_id"] for each in found.sort("order", -1).limit(11)], inbox

    return both
