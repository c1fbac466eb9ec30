"""What the port `Statistics` promises."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from pymongo import MongoClient

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.statistics import MongoStatistics
from belfry.idempotency import Key
from belfry.statistics import Bucket, class_of
from belfry.wiring import Deps
from tests.fakes import NOON
from tests.runner import free_port

SECOND = timedelta(seconds=1)


def counted(parts: Deps, what: int, since: datetime = NOON) -> Sequence[Bucket]:
    """The buckets, once as much is in them as was counted: nothing waits for the counting."""
    deadline = time.monotonic() + 10
    while True:
        found = parts.statistics.since(since)
        if sum(each.accepted + each.delivered + each.failed for each in found) >= what:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_counted_adds_up_in_its_ten_seconds(parts: Deps) -> None:
    parts.statistics.count(NOON, accepted=1)
    parts.statistics.count(NOON + 9 * SECOND, accepted=2, failed=1)
    parts.statistics.count(NOON + 10 * SECOND, delivered=5)
    assert counted(parts, 9) == [
        Bucket(NOON, accepted=3, failed=1),
        Bucket(NOON + 10 * SECOND, delivered=5),
    ]


def test_latencies_are_counted_by_their_class(parts: Deps) -> None:
    quick, slow = timedelta(milliseconds=7), timedelta(hours=1)
    parts.statistics.count(NOON, latencies=[quick, slow])
    parts.statistics.count(NOON, delivered=3, latencies=[quick])
    [bucket] = counted(parts, 3)
    assert bucket.latencies == {class_of(quick): 2, class_of(slow): 1}


def test_only_what_is_asked_for_comes(parts: Deps) -> None:
    for seconds in (30, 10, 20):
        parts.statistics.count(NOON + seconds * SECOND, accepted=1)
    counted(parts, 3)
    found = parts.statistics.since(NOON + 20 * SECOND)
    assert [each.at for each in found] == [NOON + 20 * SECOND, NOON + 30 * SECOND]


def test_nothing_counted_leaves_nothing(parts: Deps) -> None:
    parts.statistics.count(NOON)
    parts.statistics.count(NOON + 10 * SECOND, accepted=1)
    assert [each.at for each in counted(parts, 1)] == [NOON + 10 * SECOND]


def test_nothing_is_lost_where_many_count_at_once(parts: Deps) -> None:
    with ThreadPoolExecutor(8) as threads:
        for _ in range(200):
            threads.submit(parts.statistics.count, NOON, accepted=1)
    assert counted(parts, 200) == [Bucket(NOON, accepted=200)]


def test_what_is_only_of_use_for_a_day_goes_by_itself(database: Database) -> None:
    parts = Deps(database=database)
    parts.statistics.count(NOON, accepted=1)
    counted(parts, 1)
    key = Key("ada", "order-42", b"request")
    parts.idempotency_keys.claim(key, "1", NOON, NOON)
    ends = {}
    for collection in (database.statistics, database.idempotency_keys):
        [index] = [i for i in collection.index_information().values() if "expireAfterSeconds" in i]
        [document] = collection.find()
        [(field, _)] = index["key"]
        ends[collection.name] = document[field] + index["expireAfterSeconds"] * SECOND
    assert ends == {name: NOON + timedelta(days=1) for name in ends}


def test_a_database_that_is_down_holds_nobody_up() -> None:
    address = f"mongodb://127.0.0.1:{free_port()}"
    client: MongoClient[dict[str, Any]] = MongoClient(address, timeoutMS=5000)
    with client:
        statistics = MongoStatistics(Database(client, "nowhere"))
        started = time.monotonic()
        statistics.count(NOON, accepted=1)
    assert time.monotonic() - started < 2
