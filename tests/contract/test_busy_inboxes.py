"""Somebody who is busy in one inbox, or whose inbox cannot be changed, holds up nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest

from belfry.adapters.mongo.database import Database
from belfry.changes import Change, ChangeKind
from belfry.frames import MOST_NAMED
from belfry.model import EventKind, Notification, Position, new_id
from belfry.views import View
from belfry.wiring import Deps
from tests.contract.people import ADA, LATER, arrived, mark
from tests.fakes import NOON

SOON = NOON + timedelta(seconds=1)
PEOPLE = 300


@contextmanager
def busy(parts: Deps, id_: str) -> Iterator[None]:
    """Ada marks one as read and unread, one change after the other."""
    over = Event()

    def hammer() -> None:
        read = True
        while not over.is_set():
            mark(parts, ADA, id_, read=read, now=NOON)
            read = not read

    thread = Thread(target=hammer)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sent_to(parts: Deps, people: list[str]) -> dict[str, list[str]]:
    items = [Notification(new_id(), who, "Hello", NOON, expires_at=SOON) for who in people]
    for item in items:
        parts.outbox.add(item, LATER)
    return {item.user_id: [item.id] for item in items}


def test_a_batch_arrives_while_one_of_its_people_is_busy(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    [own] = arrived(parts, ADA)
    sent = sent_to(parts, [ADA, *(f"person {n}" for n in range(PEOPLE))])
    with busy(parts, own):
        arrivals, unknown = parts.inboxes.append([id_ for [id_] in sent.values()], NOON)
    assert {arrival.event.user_id for arrival in arrivals} == set(sent)
    assert not unknown


def test_what_is_due_happens_while_one_of_the_people_is_busy(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    [own] = arrived(parts, ADA)
    sent = sent_to(parts, [ADA, *(f"person {n}" for n in range(PEOPLE))])
    parts.inboxes.append([id_ for [id_] in sent.values()], NOON)
    with busy(parts, own):
        done = parts.inboxes.change_each(sent, Change(ChangeKind.EXPIRE), SOON)
    assert {each.event.user_id for each in done if each.event} >= set(sent) - {ADA}
    assert parts.inboxes.position("person 7") == Position(2, 0)


def test_one_that_cannot_be_read_is_left_behind(
    empty_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Deps(database=empty_database)
    sent = sent_to(parts, ["person 1", "person 2", "person 3"])
    parts.inboxes.append([id_ for [id_] in sent.values()], NOON)
    broken = {"_id": sent["person 2"][0]}
    empty_database.notifications.update_one(broken, {"$set": {"data": "no JSON"}})
    done = parts.inboxes.change_each(sent, Change(ChangeKind.EXPIRE), SOON)
    assert {each.event.user_id for each in done if each.event} == {"person 1", "person 3"}
    assert "an inbox stays as it was" in caplog.text


def test_each_person_gets_an_event_and_only_of_what_has_changed(parts: Deps) -> None:
    ids = {who: arrived(parts, who, 2) for who in ("ada", "bob", "cyd")}
    mark(parts, "cyd", ids["cyd"][0], read=True, now=NOON)
    asked = {"ada": ids["ada"], "bob": ids["cyd"], "cyd": ids["cyd"]}
    done = parts.inboxes.change_each(asked, Change(ChangeKind.READ), SOON)
    told = {e.event.user_id: (e.count, e.event.ids, e.event.unread) for e in done if e.event}
    assert told == {"ada": (2, tuple(ids["ada"]), 0), "cyd": (1, (ids["cyd"][1],), 0)}
    assert parts.inboxes.position("bob") == Position(2, 2)


def test_what_has_expired_on_its_way_does_not_arrive(parts: Deps) -> None:
    sent = sent_to(parts, ["ada"])
    arrivals, unknown = parts.inboxes.append(sent["ada"], SOON)
    assert (list(arrivals), set(unknown)) == ([], set())
    assert parts.inboxes.position(ADA) == Position(0, 0)
    [done] = parts.inboxes.change_each(sent, Change(ChangeKind.EXPIRE), SOON)
    assert (done.count, done.event) == (1, None)
    assert parts.outbox.states(sent["ada"]) == {sent["ada"][0]: "cancelled"}


def test_it_stands_where_it_arrived_not_where_it_was_sent(parts: Deps) -> None:
    late = Notification(new_id(), ADA, "Late", NOON - timedelta(hours=1))
    parts.outbox.add(late, LATER)
    [before] = arrived(parts)
    parts.inboxes.append([late.id], SOON)
    page = parts.notifications.page(ADA, View(), before=None, limit=10)
    assert [item.id for item in page] == [late.id, before]
    assert page[0].arrived_at == SOON
    since = parts.notifications.page(ADA, View(since=SOON), before=None, limit=10)
    assert [item.id for item in since] == [late.id]


def test_an_arrival_names_no_more_than_a_change(parts: Deps) -> None:
    ids = [new_id() for _ in range(MOST_NAMED + 1)]
    for id_ in ids:
        parts.outbox.add(Notification(id_, ADA, "Hello", NOON), LATER)
    arrivals, _ = parts.inboxes.append(ids, NOON)
    assert [len(arrival.event.ids) for arrival in arrivals] == [MOST_NAMED, 1]
    assert {arrival.event.kind for arrival in arrivals} == {EventKind.NOTIFICATION}
