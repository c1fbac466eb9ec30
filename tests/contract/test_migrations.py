"""Data of earlier versions: what was there stays, and is found the new way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from belfry.adapters.mongo import migrations
from belfry.adapters.mongo.database import Database
from belfry.changes import Change, ChangeKind
from belfry.errors import ConfigurationError
from belfry.model import Position, new_id
from belfry.views import View
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB
from tests.fakes import NOON


def of_the_first_version(database: Database) -> list[str]:
    """Five notifications of Ada, one read and one that has not arrived, and one of Bob."""
    database.meta.delete_many({})
    database.notifications.create_index([("user_id", 1), ("_id", -1)])
    ids = [new_id() for _ in range(6)]
    for number, id_ in enumerate(ids, start=1):
        document = {
            "_id": id_,
            "user_id": BOB if number == 6 else ADA,
            "message": "Hello",
            "priority": 3,
            "created_at": NOON + timedelta(seconds=number),
            "read": number == 1,
            "state": "dispatched",
            "category": "builds",
        }
        if number == 1:
            document["read_at"] = NOON
        if number != 5:
            document["seq"] = number
        database.notifications.insert_one(document)
    for who, seq, unread in ((ADA, 4, 3), (BOB, 6, 1)):
        database.inboxes.insert_one({"_id": who, "seq": seq, "unread": unread, "events": []})
    return ids


def test_what_was_there_is_listed_counted_and_changed(empty_database: Database) -> None:
    ids = of_the_first_version(empty_database)
    parts = Deps(database=empty_database)
    parts.migrate()
    found = parts.notifications.page(ADA, View(), before=None, limit=10)
    assert [item.id for item in found] == ids[3::-1]
    views = [View(), View(read=False), View(read=True, category="builds"), View(priority=3)]
    assert list(parts.counts.of(ADA, views)) == [4, 3, 1, 4]
    done = parts.inboxes.change(ADA, ids[:2], Change(ChangeKind.READ), NOON)
    assert done
    assert done.count == 1
    assert parts.inboxes.position(ADA) == Position(5, 2)
    assert list(parts.counts.of(ADA, views)) == [4, 2, 2, 4]
    parts.inboxes.append([ids[4]], NOON)
    assert list(parts.counts.of(ADA, views)) == [5, 3, 2, 5]


def test_it_is_done_once_and_again_after_a_start_that_was_interrupted(
    empty_database: Database,
) -> None:
    of_the_first_version(empty_database)
    for _ in range(2):
        migrations.give_views(empty_database)
    parts = Deps(database=empty_database)
    parts.migrate()
    assert list(parts.counts.of(ADA, [View()])) == [4]
    empty_database.inboxes.update_one({"_id": ADA}, {"$unset": {"counts": ""}})
    parts.migrate()
    assert list(parts.counts.of(ADA, [View()])) == [0]


SOON = 10.0
"""Seconds within which what is to happen has happened, on a busy machine as well."""


class SlowStep:
    """A step that lasts until it is told to end."""

    def __init__(self) -> None:
        self.done = 0
        self.began, self.may_end = Event(), Event()

    def __call__(self, database: Database) -> None:
        self.began.set()
        assert self.may_end.wait(SOON)
        self.done += 1


@contextmanager
def under_way(database: Database, step: SlowStep, lease: float = SOON) -> Iterator[None]:
    """While another runner is at this step."""
    database.meta.delete_many({})
    with ThreadPoolExecutor(1) as other:
        working = other.submit(migrations.run, database, [step], lease=lease)
        try:
            assert step.began.wait(SOON)
            yield
        finally:
            step.may_end.set()
        working.result(SOON)


def test_of_two_that_start_together_one_works_and_the_other_waits(empty_database: Database) -> None:
    step = SlowStep()
    with ThreadPoolExecutor(1) as second, under_way(empty_database, step):
        waiting = second.submit(migrations.run, empty_database, [step])
        with pytest.raises(TimeoutError):
            waiting.result(3 * migrations.LOOK_AGAIN_SECONDS)
        step.may_end.set()
        waiting.result(SOON)
        assert step.done == 1


def test_who_has_waited_long_enough_is_told_why(empty_database: Database) -> None:
    step = SlowStep()
    with (
        under_way(empty_database, step),
        pytest.raises(ConfigurationError, match="another runner is still"),
    ):
        migrations.run(empty_database, [step], patience=0.0)
    migrations.run(empty_database, [step], patience=0.0)
    assert step.done == 1


def test_the_work_of_one_that_has_died_is_taken_over(empty_database: Database) -> None:
    step = SlowStep()
    step.may_end.set()
    empty_database.meta.delete_many({})
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    dead = {"_id": "schema", "version": 0, "holder": "dead", "leased_until": soon}
    empty_database.meta.insert_one(dead)
    migrations.run(empty_database, [step], patience=SOON)
    assert step.done == 1
    assert datetime.now(UTC) >= soon
    [left] = empty_database.meta.find()
    assert left == {"_id": "schema", "version": 1}


def test_one_that_takes_long_keeps_its_lease(empty_database: Database) -> None:
    step = SlowStep()
    with (
        under_way(empty_database, step, lease=1.0),
        pytest.raises(ConfigurationError),
    ):
        migrations.run(empty_database, [step], patience=2.0)
    assert step.done == 1


def test_a_step_that_fails_leaves_the_work_to_the_next_start(empty_database: Database) -> None:
    def fails(database: Database) -> None:
        raise ZeroDivisionError

    step = SlowStep()
    step.may_end.set()
    empty_database.meta.delete_many({})
    with pytest.raises(ZeroDivisionError):
        migrations.run(empty_database, [step, fails])
    migrations.run(empty_database, [fails, step], patience=0.0)
    assert step.done == 2
