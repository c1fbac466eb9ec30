"""Lists, counts and sync of a person with 1,000,000 notifications, beside one with 1,000.

Requests one after the other over one connection, the two people in turn. What is asked shows as
much of the one inbox as of the other; what differs is how much there is that it leaves out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from pymongo.write_concern import WriteConcern

from belfry.adapters.mongo import views
from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.inboxes import MongoInboxes
from belfry.adapters.mongo.notifications import to_document
from belfry.changes import Change, ChangeKind
from belfry.model import DeliveryState, Notification, new_id
from belfry.ports import CHANGED_AT_ONCE
from belfry.views import View, order_of
from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.processes import Runner, belfry
from tests.runner import bearer

LARGE, SMALL = 1_000_000, 1_000
BATCH = 5_000
RARE = 20
"""So many are unread, and of the rare category, spread over the whole of either inbox."""

ROUNDS, REQUESTS = 5, 60

FILTERS = [{}, {"unread": True}, {"archived": True}, {"snoozed": True}, {"category": "rare"}]
FILTERS += [{"priority": 5}, {"unread": True, "priority": 5}, {"unread": False}]


def measure(tell: Tell) -> list[Figure]:
    with belfry() as runner, runner.database("belfry") as database:
        people = {}
        for name, kept in (("large", LARGE), ("small", SMALL)):
            person, token = runner.person(name)
            middle = _fill(database, person["id"], kept, tell)
            people[name] = token, _asked(runner, token, middle)
        figures = []
        for name in people["large"][1]:
            tell(name)
            found = _compare(
                runner, {who: (token, each[name]) for who, (token, each) in people.items()}
            )
            figures.append(
                Figure(
                    f"{name}, of {LARGE:,}",
                    "ms",
                    *found,
                    f"the same of {SMALL:,}",
                    aims=(Aim(1.2, at_least=False, of_reference=True),),
                )
            )
        return figures


def _fill(database: Database, user_id: str, kept: int, tell: Tell) -> str:
    """An inbox as arrivals would have made it; answers the cursor of its middle."""
    inboxes = MongoInboxes(database)
    # Nothing waits for the disk: a million would take minutes more.
    quickly = database.notifications.with_options(write_concern=WriteConcern(1, j=False))
    counted: views.Counted = views.Counted()
    now = datetime.now(UTC)
    middle = ""
    for first in range(0, kept, BATCH):
        tell(f"an inbox of {kept:,}: {first:,}")
        items = [_item(user_id, n, kept, now) for n in range(first, min(first + BATCH, kept))]
        quickly.insert_many([_document(item) for item in items], ordered=False)
        counted.update(views.counted((), items))
        if first <= kept // 2 < first + BATCH:
            middle = order_of(items[kept // 2 - first])
    for (_, category, key), number in counted.items():
        collection, id_ = (
            (database.categories, f"{user_id}/{category}")
            if category
            else (database.inboxes, user_id)
        )
        collection.update_one({"_id": id_}, {"$set": {f"counts.{key}": number}}, upsert=True)
    whole = {"seq": 1, "unread": RARE, "events": []}
    database.inboxes.update_one({"_id": user_id}, {"$set": whole})
    _some_events(inboxes, user_id)
    return middle


def _item(user_id: str, number: int, kept: int, now: datetime) -> Notification:
    rare = number % (kept // RARE) == 0
    at = now - timedelta(seconds=kept - number)
    return Notification(
        new_id(),
        user_id,
        f"Build {number} is green",
        at,
        title="A build",
        category="rare" if rare else "builds",
        priority=5 if rare else 3,
        read_at=None if rare else at,
        seq=1,
    )


def _document(item: Notification) -> dict[str, Any]:
    document = to_document(item, item.created_at)
    del document["dispatch_by"]
    return document | {"seq": item.seq, "state": DeliveryState.DISPATCHED.value}


def _some_events(inboxes: MongoInboxes, user_id: str) -> None:
    """As many events as are kept, so that both streams are as long."""
    now = datetime.now(UTC)
    for number in range(130):
        kind = ChangeKind.PIN if number % 2 == 0 else ChangeKind.UNPIN
        if inboxes.change(user_id, View(category="rare"), Change(kind), now) is None:
            raise BenchmarkError(f"Of {CHANGED_AT_ONCE} none is there.")


def _asked(runner: Runner, token: str, middle: str) -> Mapping[str, tuple[str, dict[str, str]]]:
    position = runner.answer(runner.get("/api/inbox/events", token), 200)["seq"]
    page = "/api/notifications"
    return {
        "first page": (page, {}),
        "page from the middle": (page, {"cursor": middle}),
        "page of unread ones": (page, {"unread": "true"}),
        "page of a rare category and priority": (page, {"category": "rare", "priority": "5"}),
        "counts of 8 filters": ("/api/inbox/counts", {"filters": json.dumps(FILTERS)}),
        "sync of 20 events": ("/api/inbox/events", {"since": str(position - 20)}),
    }


def _compare(
    runner: Runner, people: Mapping[str, tuple[str, tuple[str, dict[str, str]]]]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each round, of the large and of the small inbox."""
    rounds: dict[str, list[float]] = {who: [] for who in people}
    for _ in range(ROUNDS):
        samples: dict[str, list[float]] = {who: [] for who in people}
        for _ in range(REQUESTS):
            for who, (token, (path, query)) in people.items():
                started = time.perf_counter()
                response = runner.http.get(path, params=query, headers=bearer(token))
                samples[who].append((time.perf_counter() - started) * 1e3)
                response.raise_for_status()
        for who, taken in samples.items():
            rounds[who].append(median(taken))
    return rounds["large"], rounds["small"]
