"""What the ports `Broadcasts` and `Chunks` promise: a chunk is stored whole and once, or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

from belfry.adapters.mongo.broadcasts import undelivered
from belfry.adapters.mongo.database import Database
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Change, ChangeKind, Content
from belfry.copies import copy_for, copy_id
from belfry.envelope import Chunk
from belfry.fan_out import Progress
from belfry.model import DeliveryState, new_id
from belfry.wiring import Deps
from tests.fakes import NOON

SOON, LATER = NOON + timedelta(seconds=1), NOON + timedelta(seconds=15)
PEOPLE = [f"person {number}" for number in range(5)]
RICH = Content("Hello 🎉", "Title", "news", 5, "/x", {"$set": {"a.b": [10**30]}})


def kept(parts: Deps, due_at: datetime = NOON, **fields: object) -> Broadcast:
    """A broadcast that is stored."""
    known: dict[str, object] = {
        "id": new_id(),
        "to": Audience(AudienceKind.EVERYBODY),
        "content": Content("Hello"),
        "created_at": NOON,
        "state": BroadcastState.RUNNING,
    }
    broadcast = Broadcast(**known | fields)  # type: ignore[arg-type]
    parts.broadcasts.add(broadcast, due_at)
    return broadcast


def progress(broadcast: Broadcast, *people: str, is_last: bool = False) -> Progress:
    copies = [copy_for(user_id, broadcast) for user_id in people]
    return Progress(broadcast, copies, total=len(PEOPLE), is_last=is_last, due_at=LATER)


def spread(parts: Deps, broadcast: Broadcast, *people: str, is_last: bool = False) -> Broadcast:
    """The broadcast after these people have got it."""
    assert parts.chunks.spread(progress(broadcast, *people, is_last=is_last), LATER)
    return now(parts, broadcast)


def now(parts: Deps, broadcast: Broadcast) -> Broadcast:
    found = parts.broadcasts.get(broadcast.id)
    assert found
    return found


def ids(broadcast: Broadcast, *people: str) -> list[str]:
    return [copy_id(broadcast.id, user_id) for user_id in people]


def test_every_field_comes_back_as_it_was(parts: Deps) -> None:
    full = kept(
        parts,
        to=Audience(AudienceKind.USERS, user_ids=("a", "b")),
        content=RICH,
        state=BroadcastState.SCHEDULED,
        deliver_at=SOON,
        expires_at=LATER,
    )
    topical = kept(parts, to=Audience(AudienceKind.TOPIC, topic="news"))
    assert parts.broadcasts.get(full.id) == full
    assert parts.broadcasts.get(topical.id) == topical
    assert parts.broadcasts.get("unknown") is None


def test_one_that_is_kept_already_is_left_as_it_is(parts: Deps) -> None:
    broadcast = kept(parts)
    again = replace(broadcast, content=Content("Another"), created_at=LATER)
    assert parts.broadcasts.add(again, LATER) == broadcast
    assert parts.broadcasts.get(broadcast.id) == broadcast


def test_pages_are_newest_first_and_without_the_listed_people(parts: Deps) -> None:
    everyone = [kept(parts, to=Audience(AudienceKind.USERS, user_ids=("a", "b"))) for _ in range(3)]
    page = parts.broadcasts.page(before=None, limit=2)
    assert [each.id for each in page] == [everyone[2].id, everyone[1].id]
    assert page[0].to == Audience(AudienceKind.USERS)
    rest = parts.broadcasts.page(before=page[-1].id, limit=2)
    assert [each.id for each in rest] == [everyone[0].id]


def test_a_chunk_stores_its_copies_and_how_far_it_came(parts: Deps) -> None:
    broadcast = kept(parts, state=BroadcastState.SCHEDULED, content=RICH, expires_at=LATER)
    after = spread(parts, broadcast, *PEOPLE[:2])
    assert (after.state, after.chunk, after.after) == ("running", 1, PEOPLE[1])
    assert (after.total, after.accepted, after.delivered, after.failed) == (5, 2, 0, 0)
    [first, second] = parts.notifications.by_ids(ids(broadcast, *PEOPLE[:2])).values()
    assert {first.user_id, second.user_id} == set(PEOPLE[:2])
    assert first == copy_for(first.user_id, broadcast)
    assert len(parts.outbox.claim(LATER, LATER, 10)) == 2


def test_a_chunk_that_was_done_is_not_done_again(parts: Deps) -> None:
    broadcast = kept(parts)
    spread(parts, broadcast, *PEOPLE[:2])
    assert not parts.chunks.spread(progress(broadcast, *PEOPLE[:3]), LATER)
    assert now(parts, broadcast).accepted == 2
    assert not parts.notifications.by_ids(ids(broadcast, PEOPLE[2]))


def test_of_several_who_do_a_chunk_at_once_one_does(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    broadcast = kept(parts)
    together = Barrier(4)

    def work() -> bool:
        together.wait()
        return parts.chunks.spread(progress(broadcast, *PEOPLE), LATER)

    with ThreadPoolExecutor(4) as threads:
        done = [each.result() for each in [threads.submit(work) for _ in range(4)]]
    assert sorted(done) == [False, False, False, True]
    assert now(parts, broadcast).accepted == len(PEOPLE)


def test_what_was_withdrawn_spreads_no_more(parts: Deps) -> None:
    broadcast = kept(parts)
    assert parts.broadcasts.withdraw(broadcast, SOON)
    assert not parts.chunks.spread(progress(broadcast, *PEOPLE), LATER)
    assert not parts.notifications.by_ids(ids(broadcast, *PEOPLE))
    withdrawn = now(parts, broadcast)
    assert not parts.chunks.spread(progress(withdrawn, *PEOPLE), LATER)
    assert (withdrawn.state, withdrawn.chunk, withdrawn.after) == ("withdrawn", 1, "")


def test_it_cannot_be_withdrawn_as_it_was_before_a_chunk(parts: Deps) -> None:
    broadcast = kept(parts)
    after = spread(parts, broadcast, *PEOPLE)
    assert not parts.broadcasts.withdraw(broadcast, SOON)
    assert parts.broadcasts.withdraw(after, SOON)


def test_a_chunk_is_found_while_it_is_the_next_one(parts: Deps) -> None:
    broadcast = kept(parts, to=Audience(AudienceKind.USERS, user_ids=("a",)))
    assert parts.chunks.at(Chunk(broadcast.id, 0)) == broadcast
    assert parts.chunks.at(Chunk(broadcast.id, 1)) is None
    assert parts.chunks.at(Chunk("unknown", 0)) is None
    spread(parts, broadcast, *PEOPLE)
    assert parts.chunks.at(Chunk(broadcast.id, 0)) is None


def test_the_longest_overdue_one_is_claimed_until_then(parts: Deps) -> None:
    second, first = kept(parts, SOON), kept(parts, NOON)
    assert parts.broadcasts.claim(NOON - timedelta(milliseconds=1), LATER) is None
    claimed = [parts.broadcasts.claim(SOON, LATER) for _ in range(3)]
    assert claimed == [Chunk(first.id, 0), Chunk(second.id, 0), None]
    assert parts.broadcasts.claim(LATER, LATER) is not None


def test_progress_is_what_is_dispatched_and_what_failed(parts: Deps) -> None:
    broadcast = kept(parts)
    copies = ids(broadcast, *PEOPLE)
    spread(parts, broadcast, *PEOPLE, is_last=True)
    parts.outbox.settle(copies[:2])
    parts.outbox.give_up(copies[2:3], "no use")
    running = now(parts, broadcast)
    assert (running.delivered, running.failed, running.is_spread) == (2, 1, True)
    assert not parts.chunks.finish(running, SOON, LATER)
    assert now(parts, broadcast).state is BroadcastState.RUNNING

    parts.outbox.settle(copies[3:])
    assert parts.chunks.finish(running, SOON, LATER)
    finished = now(parts, broadcast)
    assert (finished.state, finished.finished_at, finished.total) == ("finished", SOON, 5)
    assert (finished.delivered, finished.failed) == (4, 1)
    assert parts.broadcasts.claim(LATER, LATER) is None
    assert parts.chunks.at(Chunk(broadcast.id, finished.chunk)) is None


def test_what_was_withdrawn_or_expired_on_its_way_is_not_delivered(parts: Deps) -> None:
    broadcast = spread(parts, kept(parts, expires_at=SOON), *PEOPLE, is_last=True)
    copies = ids(broadcast, *PEOPLE)
    parts.inboxes.change(PEOPLE[0], copies[:1], Change(ChangeKind.WITHDRAW), NOON)
    parts.inboxes.change(PEOPLE[1], copies[1:2], Change(ChangeKind.EXPIRE), SOON)
    running = now(parts, broadcast)
    assert (running.delivered, running.cancelled) == (0, 2)
    parts.outbox.settle(copies)
    assert parts.chunks.finish(running, SOON, LATER)
    finished = now(parts, broadcast)
    assert (finished.delivered, finished.failed, finished.cancelled) == (3, 0, 2)


def test_one_that_is_not_finished_yet_is_looked_at_again(parts: Deps) -> None:
    broadcast = spread(parts, kept(parts), *PEOPLE, is_last=True)
    assert not parts.chunks.finish(broadcast, NOON, SOON)
    assert parts.broadcasts.claim(SOON, LATER) == Chunk(broadcast.id, 1)


def test_the_total_in_the_end_is_who_got_it(parts: Deps) -> None:
    # Who leaves a topic meanwhile was counted, and is not met.
    broadcast = spread(parts, kept(parts), *PEOPLE[:3], is_last=True)
    assert broadcast.total == 5
    parts.outbox.settle(ids(broadcast, *PEOPLE))
    assert parts.chunks.finish(broadcast, SOON, LATER)
    assert now(parts, broadcast).total == 3


def test_copies_are_found_part_by_part_and_those_of_no_other_broadcast(parts: Deps) -> None:
    first, other = kept(parts), kept(parts)
    spread(parts, other, *PEOPLE)
    found = spread(parts, first, *PEOPLE)
    assert parts.broadcasts.withdraw(found, SOON)
    here = now(parts, first)
    pages = []
    while part := parts.chunks.copies(here, 2):
        pages.append(part)
        assert parts.chunks.withdrawn(here, part[-1][0], LATER)
        here = now(parts, first)
    assert [len(page) for page in pages] == [2, 2, 1]
    expected = sorted((copy_id(first.id, user_id), user_id) for user_id in PEOPLE)
    assert [each for page in pages for each in page] == expected
    assert parts.chunks.withdrawn(here, None, LATER)
    assert parts.broadcasts.claim(LATER, LATER) == Chunk(other.id, 1)
    assert parts.chunks.at(Chunk(first.id, here.chunk + 1)) is None


def test_only_copies_that_are_not_gone_are_found(parts: Deps) -> None:
    broadcast = spread(parts, kept(parts), *PEOPLE)
    [gone] = ids(broadcast, PEOPLE[2])
    parts.inboxes.change(PEOPLE[2], [gone], Change(ChangeKind.WITHDRAW), NOON)
    found = parts.chunks.copies(replace(broadcast, after=""), 10)
    assert {id_ for id_, _ in found} == set(ids(broadcast, *PEOPLE)) - {gone}


def test_where_a_withdrawal_is_to_begin_again_is_kept(parts: Deps) -> None:
    assert parts.broadcasts.withdraw(kept(parts), SOON)
    [here] = parts.broadcasts.page(before=None, limit=1)
    assert parts.chunks.withdrawn(here, "5", LATER, left="")
    assert (now(parts, here).after, now(parts, here).left) == ("5", "")
    assert parts.chunks.withdrawn(now(parts, here), "", LATER)
    assert (now(parts, here).after, now(parts, here).left) == ("", None)
    assert parts.chunks.at(Chunk(here.id, here.chunk + 2))


def test_what_it_said_when_it_was_withdrawn_stays(parts: Deps) -> None:
    broadcast = spread(parts, kept(parts), *PEOPLE)
    parts.outbox.settle(ids(broadcast, *PEOPLE[:2]))
    assert parts.broadcasts.withdraw(now(parts, broadcast), SOON)
    for user_id in PEOPLE:
        id_ = copy_id(broadcast.id, user_id)
        parts.inboxes.change(user_id, [id_], Change(ChangeKind.WITHDRAW), SOON)
    told = now(parts, broadcast)
    assert (told.state, told.accepted, told.delivered, told.failed) == ("withdrawn", 5, 2, 0)
    assert set(parts.outbox.states(ids(broadcast, *PEOPLE[2:])).values()) == {
        DeliveryState.CANCELLED
    }


def test_nothing_is_looked_for_without_an_index(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    broadcast = spread(parts, kept(parts), *PEOPLE)
    queries: dict[str, list[dict[str, Any]]] = {
        "notifications": [undelivered(broadcast.id)],
        "broadcasts": [{"due_at": {"$lte": NOON}}, {"_id": {"$lt": broadcast.id}}],
        "subscriptions": [
            {"topic": "t", "user_id": {"$gt": ""}},
            {"topic": "t"},
            {"user_id": "u"},
        ],
        "users": [{"_id": {"$gt": "", "$lt": broadcast.id}}],
    }
    for name, each in queries.items():
        for query in each:
            plan = empty_database.users.database[name].find(query).explain()
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"]), query


def entries(database: Database, index: str) -> int:
    """How many entries an index of the notifications has."""
    found = database.users.database.command("validate", "notifications")
    number: int = found["keysPerIndex"][index]
    return number


def uses(database: Database, index: str) -> int:
    """How often an index of the notifications has been used."""
    [found] = database.notifications.aggregate([{"$indexStats": {}}, {"$match": {"name": index}}])
    number: int = found["accesses"]["ops"]
    return number


def test_what_is_delivered_leaves_the_indexes_of_what_is_not(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    broadcast = spread(parts, kept(parts, deliver_at=SOON), *PEOPLE)
    before = {name: uses(empty_database, name) for name in ("undelivered", "scheduled")}
    assert len(parts.scheduled.page(NOON, after=None, limit=10)) == len(PEOPLE)
    assert now(parts, broadcast).delivered == 0
    assert all(uses(empty_database, name) > count for name, count in before.items())
    assert [entries(empty_database, name) for name in before] == [len(PEOPLE)] * 2
    parts.outbox.settle(ids(broadcast, *PEOPLE))
    assert [entries(empty_database, name) for name in before] == [0, 0]
