"""The state of a delivery in MongoDB: it ends once, and stays as it ended."""

from typing import Any

from pymongo.read_concern import ReadConcern

from belfry.adapters.mongo.database import Database, Document
from belfry.wiring import Deps
from tests.contract.people import LATER, sent
from tests.fakes import Fakes


def as_written(database: Database, id_: str) -> Document:
    # The end of a delivery is written without waiting for the disk: read it the same way.
    rows = database.notifications.with_options(read_concern=ReadConcern("local"))
    found = rows.find_one({"_id": id_})
    assert found
    return found


def state(database: Database, id_: str) -> tuple[Any, ...]:
    found = as_written(database, id_)
    return found["state"], found.get("failure"), "dispatch_by" in found


def test_a_delivery_begins_queued(empty_database: Database) -> None:
    assert state(empty_database, sent(Deps(database=empty_database)).id) == ("queued", None, True)


def test_what_was_given_up_is_not_settled_by_a_late_copy(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    id_ = sent(parts).id
    parts.outbox.give_up([id_], "no use")
    parts.outbox.settle([id_])
    assert state(empty_database, id_) == ("failed", "no use", False)


def test_what_was_settled_is_not_given_up_by_a_late_copy(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    id_ = sent(parts).id
    parts.outbox.settle([id_])
    parts.outbox.give_up([id_], "no use")
    assert state(empty_database, id_) == ("dispatched", None, False)


def test_a_reason_that_looks_like_a_field_is_kept_as_the_text_it_is(
    empty_database: Database,
) -> None:
    parts = Deps(database=empty_database)
    id_ = sent(parts).id
    parts.outbox.give_up([id_], "$user_id")
    assert state(empty_database, id_) == ("failed", "$user_id", False)


def test_nothing_of_a_claim_is_left_when_it_has_ended(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    for end in (parts.outbox.settle, lambda ids: parts.outbox.give_up(ids, "no use")):
        id_ = sent(parts).id
        parts.outbox.claim(LATER, LATER, 1)
        end([id_])
        document = as_written(empty_database, id_)
        assert not {"claim", "dispatch_by"} & document.keys()


def test_the_fake_keeps_the_same_states() -> None:
    fakes = Fakes()
    id_ = sent(fakes.deps()).id
    fakes.outbox.give_up([id_], "no use")
    fakes.outbox.settle([id_])
    row = fakes.memory.tables.notifications[id_]
    assert (row.state, row.failure, row.dispatch_by) == ("failed", "no use", None)


def test_a_claim_reads_no_more_than_it_takes(database: Database) -> None:
    parts = Deps(database=database)
    for _ in range(30):
        sent(parts)
    database.users.database.command("profile", 2)
    parts.outbox.claim(LATER, LATER, 5)
    database.users.database.command("profile", 0)
    profile = database.users.database["system.profile"].find({"docsExamined": {"$exists": True}})
    assert [entry["docsExamined"] for entry in profile] == [5, 5, 5]
