"""What the port `Backlog` promises: since when the longest overdue notification has been so."""

from __future__ import annotations

from datetime import timedelta

from belfry.adapters.mongo.database import Database
from belfry.model import Notification, new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, LATER
from tests.fakes import NOON


def add(parts: Deps, minutes: float) -> str:
    id_ = new_id()
    notification = Notification(id_, ADA, "Hello", NOON)
    parts.outbox.add(notification, dispatch_by=NOON + timedelta(minutes=minutes))
    return id_


def test_it_is_the_one_that_is_overdue_for_the_longest_time(parts: Deps) -> None:
    assert parts.backlog.overdue_since(LATER) is None
    first, second = add(parts, 1), add(parts, 2)
    add(parts, 60 * 24)
    now = NOON + timedelta(minutes=2)
    assert parts.backlog.overdue_since(now - timedelta(minutes=1, milliseconds=1)) is None
    assert parts.backlog.overdue_since(now) == NOON + timedelta(minutes=1)
    parts.outbox.settle([first])
    assert parts.backlog.overdue_since(now) == now
    parts.outbox.postpone([second], until=now + timedelta(seconds=1))
    assert parts.backlog.overdue_since(now) is None


def test_an_index_is_all_that_is_read(database: Database) -> None:
    parts = Deps(database=database)
    for minutes in range(20):
        add(parts, minutes)
    whole = database.users.database
    whole.command("profile", 2)
    parts.backlog.overdue_since(NOON + timedelta(hours=1))
    whole.command("profile", 0)
    [entry] = whole["system.profile"].find({"op": "query"})
    assert (entry["docsExamined"], entry["keysExamined"]) == (0, 1)
