"""Data of earlier versions: what was there stays, and is found the new way."""

from __future__ import annotations

from datetime import timedelta

from belfry.adapters.mongo import migrations
from belfry.adapters.mongo.database import Database
from belfry.changes import Change, ChangeKind
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
