"""What the port `Leavings` promises: of those who have left nothing stays, of others everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belfry.adapters.mongo import leavings as module
from belfry.adapters.mongo.database import Database
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Change, ChangeKind, Content
from belfry.copies import copy_for
from belfry.devices import Devices
from belfry.fan_out import Progress
from belfry.idempotency import Key
from belfry.leaving import OUTLIVED, Leaving, go_on, leave
from belfry.model import (
    Caller,
    Connection,
    DeliveryState,
    Notification,
    Position,
    Role,
    User,
    new_id,
)
from belfry.wiring import Deps
from tests.contract.people import LATER, dead_letter, sent
from tests.fakes import NOON, FakeClock, FakePusher

NUMBERS = count()


def person(parts: Deps, role: Role = Role.USER) -> User:
    """Somebody with an account, whose id is in nothing else."""
    id_ = new_id()
    user = User(id_, "Ada", f"{id_[-12:]}{next(NUMBERS)}@example.com", role, NOON)
    parts.users.add(user, "hash")
    return user


def contents(parts: Deps) -> Mapping[str, Mapping[str, str]]:
    """Everything that is kept, by its collection: whatever collections there are."""
    if "database" not in vars(parts):
        return {name: _rows(table) for name, table in vars(_tables(parts)).items()}
    whole = parts.database.users.database
    return {
        name: {str(each["_id"]): repr(each) for each in whole[name].find()}
        for name in whole.list_collection_names()
        if name not in ("system.profile", "statistics")
    }


def _tables(parts: Deps) -> Any:
    return vars(parts)["memory"].tables


def _rows(table: Any) -> Mapping[str, str]:
    if isinstance(table, dict):
        return {str(key): f"{key}: {value}" for key, value in table.items()}
    return {str(each): str(each) for each in table}


def holding(parts: Deps, user_id: str) -> set[str]:
    """The collections in which an id occurs anywhere at all."""
    return {
        name
        for name, rows in contents(parts).items()
        if any(user_id in row for row in rows.values())
    }


def everything_of(parts: Deps, user_id: str) -> list[str]:
    """Give a person something of each kind; answers the ids of notifications."""
    one, two, failed, waiting, later = (sent(parts, user_id).id for _ in range(5))
    parts.outbox.add(Notification(new_id(), user_id, "x", NOON, category="c"), LATER)
    parts.inboxes.append([one, two, failed], NOON)
    parts.outbox.settle([one, two])
    parts.outbox.give_up([failed], "no use")
    parts.inboxes.change(user_id, [two], Change(ChangeKind.DELETE), NOON)
    parts.inboxes.change(user_id, [later], Change(ChangeKind.WITHDRAW), NOON)
    scheduled = Notification(new_id(), user_id, "Later", NOON, deliver_at=LATER, category="c")
    parts.outbox.add(scheduled, LATER)
    named = Notification(new_id(), user_id, "Kept", NOON, category="c")
    parts.outbox.add(named, LATER)
    parts.inboxes.append([named.id], NOON)
    parts.connections.add(Connection(f"{user_id}=", user_id, "https://push.example.com/ws", NOON))
    parts.tickets.add(f"ticket {new_id()}", Caller(user_id, Role.USER), LATER)
    parts.subscriptions.add(user_id, "news")
    parts.dead_letters.bury([dead_letter(user_id=user_id, notification_id=failed)])
    parts.idempotency_keys.claim(Key(user_id, "a key", b"request"), new_id(), NOON, LATER)
    # A sender's key for what this person has got: its answer is what the notification says.
    key = Key("sender", f"for {user_id}", b"request")
    parts.idempotency_keys.claim(key, one, NOON, LATER)
    parts.idempotency_keys.keep(key, one, {"statusCode": 201, "body": f"to {user_id}"})
    return [one, two, failed, waiting, later, scheduled.id, named.id]


def broadcast_to(parts: Deps, *people: str) -> Broadcast:
    """One to named people, of whom the first has got it, and is the last one so far."""
    broadcast = Broadcast(
        id=new_id(),
        to=Audience(AudienceKind.USERS, user_ids=tuple(sorted(people))),
        content=Content("m"),
        created_at=NOON,
        state=BroadcastState.RUNNING,
    )
    parts.broadcasts.add(broadcast, LATER)
    copy = copy_for(people[0], broadcast)
    parts.chunks.spread(Progress(broadcast, [copy], len(people), False, LATER), LATER)
    return replace(broadcast, chunk=1, after=people[0])


def go(parts: Deps, user: User) -> None:
    caller, clock = Caller(user.id, Role.USER), FakeClock()
    devices = Devices(parts.connections, FakePusher(), clock)
    leave(caller, users=parts.users, leavings=parts.leavings, devices=devices, clock=clock)


def test_nothing_is_left_in_any_collection(parts: Deps) -> None:
    ada, bob = person(parts), person(parts)
    everything_of(parts, ada.id)
    broadcast_to(parts, ada.id, bob.id)
    had = holding(parts, ada.id)
    assert len(had) >= 8, had
    go(parts, ada)
    assert holding(parts, ada.id) <= {"leavings"}
    clock = FakeClock(NOON + OUTLIVED)
    go_on(leavings=parts.leavings, clock=clock)
    assert holding(parts, ada.id) == set()


def test_every_collection_that_can_hold_a_person_is_tried(database: Database) -> None:
    """A new collection is either in `everything_of` or known to hold no person."""
    parts = Deps(database=database)
    ada = person(parts)
    everything_of(parts, ada.id)
    broadcast_to(parts, ada.id)
    parts.leavings.begin(person(parts).id, NOON, LATER)
    about_nobody = {"meta", "statistics", "leavings"}
    names = set(database.users.database.list_collection_names())
    assert holding(parts, ada.id) == names - about_nobody


def test_nothing_of_others_changes(parts: Deps) -> None:
    ada, bob = person(parts), person(parts)
    everything_of(parts, bob.id)
    broadcast_to(parts, bob.id)
    before = contents(parts)
    everything_of(parts, ada.id)
    go(parts, ada)
    after = contents(parts)
    for name, rows in before.items():
        others = {id_: row for id_, row in rows.items() if ada.id not in row}
        assert {id_: after[name].get(id_) for id_ in others} == others, name


def test_the_address_is_free_and_the_person_no_recipient(parts: Deps) -> None:
    ada = person(parts)
    assert parts.recipients.exists(ada.id)
    assert parts.leavings.begin(ada.id, NOON, LATER)
    assert not parts.recipients.exists(ada.id)
    assert parts.audiences.missing([ada.id]) == {ada.id}
    parts.users.add(replace(ada, id=new_id()), "hash")


def test_beginning_again_is_the_same_and_an_administrator_stays(parts: Deps) -> None:
    ada, root = person(parts), person(parts, Role.ADMIN)
    for moment in (NOON, LATER):
        assert parts.leavings.begin(ada.id, moment, moment)
    assert parts.leavings.claim(LATER, LATER) == Leaving(ada.id, NOON)
    assert not parts.leavings.begin(root.id, NOON, NOON)
    assert not parts.leavings.begin("nobody", NOON, NOON)
    assert parts.users.by_id(root.id) == root


def test_who_is_due_is_claimed_once_and_ends(parts: Deps) -> None:
    ada, bob = person(parts), person(parts)
    parts.leavings.begin(ada.id, NOON, LATER)
    parts.leavings.begin(bob.id, NOON, NOON)
    assert parts.leavings.claim(NOON - timedelta(seconds=1), LATER) is None
    assert parts.leavings.claim(NOON, LATER + timedelta(hours=1)) == Leaving(bob.id, NOON)
    assert parts.leavings.claim(NOON, LATER) is None
    parts.leavings.postpone(ada.id, NOON)
    assert parts.leavings.claim(NOON, LATER) == Leaving(ada.id, NOON)
    parts.leavings.end(ada.id)
    parts.leavings.postpone(ada.id, NOON)
    assert parts.leavings.claim(LATER, LATER) is None


def test_what_is_on_its_way_is_no_unknown_one_and_makes_no_inbox(parts: Deps) -> None:
    ada = person(parts)
    ids = [sent(parts, ada.id).id for _ in range(3)]
    parts.inboxes.append(ids[:1], NOON)
    go(parts, ada)
    arrivals, unknown = parts.inboxes.append(ids, LATER)
    assert (list(arrivals), set(unknown)) == ([], set())
    parts.outbox.settle(ids)
    parts.outbox.reopen([], LATER)
    assert set(parts.outbox.states(ids).values()) == {DeliveryState.CANCELLED}
    assert parts.notifications.by_ids(ids) == {}
    assert parts.notifications.history(ids[0]) is None
    assert parts.outbox.claim(LATER + timedelta(days=1), LATER, 10) == []
    assert holding(parts, ada.id) <= {"leavings"}


def test_what_was_sent_as_they_left_makes_no_inbox(parts: Deps) -> None:
    """The sender had asked whether the person exists, and stores only now."""
    ada, bob = person(parts), person(parts)
    go(parts, ada)
    late = [
        Notification(new_id(), who, "Late", NOON, category="c") for who in (ada.id, bob.id, ada.id)
    ]
    for each in late:
        parts.outbox.add(each, LATER)
    arrivals, unknown = parts.inboxes.append([each.id for each in late], NOON)
    assert [each.event.user_id for each in arrivals] == [bob.id]
    assert set(unknown) == set()
    assert holding(parts, ada.id) <= {"leavings"}
    assert parts.inboxes.position(ada.id) == Position()
    assert parts.inboxes.append([late[0].id], NOON)[0] == []


def test_what_turns_up_later_goes_with_the_last_turn(parts: Deps) -> None:
    ada = person(parts)
    go(parts, ada)
    parts.subscriptions.add(ada.id, "news")
    sent(parts, ada.id)
    assert holding(parts, ada.id) >= {"notifications", "subscriptions"}
    go_on(leavings=parts.leavings, clock=FakeClock(NOON + OUTLIVED - timedelta(seconds=1)))
    assert holding(parts, ada.id) >= {"notifications", "subscriptions"}
    go_on(leavings=parts.leavings, clock=FakeClock(NOON + OUTLIVED))
    assert holding(parts, ada.id) == set()


def test_a_broadcast_goes_on_without_them(parts: Deps) -> None:
    people = sorted((person(parts) for _ in range(4)), key=lambda each: each.id)
    first, second, third, fourth = (each.id for each in people)
    sent_one = broadcast_to(parts, second, first, third, fourth)
    for leaving in (people[1], people[2]):
        go(parts, leaving)
    due = parts.broadcasts.claim(LATER, LATER)
    assert due
    kept = parts.chunks.at(due)
    assert kept
    assert kept.to.user_ids == (first, fourth)
    assert first < kept.after < second
    assert [each for each in kept.to.user_ids if each > kept.after] == [fourth]
    found = parts.broadcasts.get(sent_one.id)
    assert found
    assert (found.accepted, found.delivered, found.cancelled) == (1, 0, 1)


def test_a_large_inbox_goes_part_by_part(
    empty_database: Database,
) -> None:
    parts = Deps(database=empty_database)
    ada = person(parts)
    ids = [new_id() for _ in range(module.PART + 10)]
    empty_database.notifications.insert_many(
        {"_id": id_, "user_id": ada.id, "seq": 1, "state": "dispatched", "views": ["inbox///"]}
        for id_ in ids
    )
    parts.leavings.begin(ada.id, NOON, LATER)
    assert not parts.leavings.forget(ada.id, NOON)
    assert empty_database.notifications.count_documents({}) == 10
    assert parts.leavings.forget(ada.id, NOON)
    assert holding(parts, ada.id) == {"leavings"}


def test_delivering_while_people_leave_leaves_nothing(empty_database: Database) -> None:
    """Senders, the dispatcher and the person at once; what each then does is already under way."""
    parts = Deps(database=empty_database)
    people = [person(parts) for _ in range(8)]

    def deliver(user: User) -> None:
        for _ in range(10):
            if parts.recipients.exists(user.id):
                ids = [sent(parts, user.id).id for _ in range(3)]
                parts.inboxes.append(ids, NOON)
                parts.outbox.settle(ids)
                parts.inboxes.change(user.id, ids[:1], Change(ChangeKind.READ), NOON)

    with ThreadPoolExecutor(6) as threads:
        delivering = [threads.submit(deliver, user) for user in people for _ in range(2)]
        leaving = [threads.submit(go, parts, user) for user in people]
        for each in (*delivering, *leaving):
            each.result()
    inboxes = {each["_id"] for each in empty_database.inboxes.find()}
    assert inboxes & {user.id for user in people} == set()
    go_on(leavings=parts.leavings, clock=FakeClock(NOON + OUTLIVED))
    for user in people:
        assert holding(parts, user.id) == set()


def test_an_arrival_that_began_before_leaves_no_first_inbox(empty_database: Database) -> None:
    """Its transaction ends after the inbox was looked for, and before its notification is."""
    parts = Deps(database=empty_database)
    ada = person(parts)
    id_ = sent(parts, ada.id).id
    client = empty_database.client
    busy_with = {"ns": empty_database.notifications.full_name, "op": "update"}
    waiting: dict[str, Any] = {"currentOp": 1, **busy_with}
    with (
        ThreadPoolExecutor(1) as thread,
        client.start_session() as session,
        session.start_transaction(),
    ):
        first = {"$inc": {"seq": 1, "unread": 1}}
        empty_database.inboxes.update_one({"_id": ada.id}, first, upsert=True, session=session)
        arrived = {"$set": {"seq": 1}}
        empty_database.notifications.update_one({"_id": id_}, arrived, session=session)
        leaving = thread.submit(go, parts, ada)
        deadline = time.monotonic() + 4
        while not client.admin.command(waiting)["inprog"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        session.commit_transaction()
        leaving.result()
    assert holding(parts, ada.id) == {"leavings"}


Step = Callable[[Deps, str], Any]
STEPS: Mapping[str, Step] = {
    "send": lambda parts, who: sent(parts, who),
    "arrive": lambda parts, who: parts.inboxes.append(
        [sent(parts, who).id, sent(parts, who).id], NOON
    ),
    "follow": lambda parts, who: parts.subscriptions.add(who, "news"),
    "connect": lambda parts, who: parts.connections.add(
        Connection(f"{who}=", who, "https://push.example.com/ws", NOON)
    ),
    "everything": everything_of,
    "broadcast": broadcast_to,
}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(st.sampled_from(sorted(STEPS)), max_size=4),
    after=st.lists(st.sampled_from(sorted(STEPS.keys() - {"everything"})), max_size=4),
)
def test_whatever_they_did_nothing_is_left_and_others_have_theirs(
    parts: Deps, before: list[str], after: list[str]
) -> None:
    """Also what is done after the account is gone, by what was begun before."""
    ada, bob = person(parts), person(parts)
    for name in before:
        for who in (ada, bob):
            STEPS[name](parts, who.id)
    bobs = {
        name: {row for row in rows.values() if bob.id in row}
        for name, rows in contents(parts).items()
    }
    go(parts, ada)
    for name in after:
        STEPS[name](parts, ada.id)
    go_on(leavings=parts.leavings, clock=FakeClock(NOON + OUTLIVED))
    assert holding(parts, ada.id) == set()
    now = contents(parts)
    for name, rows in bobs.items():
        assert rows <= set(now[name].values()), name
