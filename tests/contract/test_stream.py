"""The stream under load and under chance: whatever happens, its numbers have no gap."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.stream import KEPT
from belfry.model import EventKind, InboxEvent, Notification
from belfry.views import View
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, LATER, mark, sent
from tests.fakes import NOON, fake_deps

WRITERS = 8


def test_many_writers_on_one_inbox_leave_no_gap(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    batches = [[sent(parts).id for _ in range(2)] for _ in range(5 * WRITERS)]

    def write(number: int) -> list[int]:
        """Append and mark in turn; answers the numbers that were given."""
        given_numbers = []
        for batch in batches[number::WRITERS]:
            arrivals, _ = parts.inboxes.append(batch, NOON)
            given_numbers += [arrival.event.seq for arrival in arrivals]
            for read in (True, True, False, True):
                marked = mark(parts, ADA, batch[0], read=read, now=NOON)
                if marked and marked[1]:
                    given_numbers.append(marked[1].seq)
        return given_numbers

    with ThreadPoolExecutor(WRITERS) as threads:
        numbers = sorted(n for own in threads.map(write, range(WRITERS)) for n in own)
    assert numbers == list(range(1, len(batches) * 4 + 1))
    position = parts.inboxes.position(ADA)
    assert (position.seq, position.unread) == (len(numbers), len(batches))


def test_one_notification_from_many_threads_arrives_once(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    id_ = sent(parts).id
    with ThreadPoolExecutor(WRITERS) as threads:
        told = list(threads.map(lambda _: parts.inboxes.append([id_], NOON)[0], range(WRITERS)))
    assert {arrival.event.seq for arrivals in told for arrival in arrivals} == {1}
    assert parts.inboxes.position(ADA).seq == 1


# A step is a list of notifications to append, or one of them to mark.
some = st.integers(0, 9)
appending = st.lists(some, min_size=1, max_size=4)
marking = st.tuples(some, st.booleans())
steps = st.lists(st.one_of(appending, marking), max_size=25)
Steps = Sequence[list[int] | tuple[int, bool]]


def person(number: int) -> str:
    return ADA if number % 3 else BOB


class Run:
    """Goes through the steps, and keeps every event that it is told of."""

    def __init__(self, parts: Deps) -> None:
        self.parts = parts
        self.notifications = [
            Notification(f"{number:04}", person(number), "Hello", NOON) for number in range(10)
        ]
        self.told: dict[tuple[str, int], InboxEvent] = {}
        for notification in self.notifications:
            parts.outbox.add(notification, dispatch_by=LATER)

    def go(self, steps: Steps) -> None:
        for index, step in enumerate(steps):
            now = NOON + timedelta(seconds=index)
            if isinstance(step, list):
                ids = [self.notifications[number].id for number in step]
                for arrival in self.parts.inboxes.append(ids, now)[0]:
                    self.tell(arrival.event)
            else:
                self.mark(*step, index)

    def mark(self, number: int, read: bool, index: int) -> None:
        now = NOON + timedelta(seconds=index)
        id_ = self.notifications[number].id
        marked = mark(self.parts, person(number), id_, read=read, now=now)
        assert marked
        assert marked[0].read == read
        if marked[1]:
            self.tell(marked[1])

    def tell(self, event: InboxEvent) -> None:
        """The same number must never tell anything else."""
        assert self.told.setdefault((event.user_id, event.seq), event) == event

    def check(self) -> None:
        for who in (ADA, BOB):
            position, events = self.parts.inboxes.missed(who, 0)
            assert events is not None
            assert [event.seq for event in events] == list(range(1, position.seq + 1))
            assert [self.told[who, event.seq] for event in events] == list(events)
            arrived = [e.ids for e in events if e.kind is EventKind.NOTIFICATION]
            ids = sorted(id_ for each in arrived for id_ in each)
            assert len(ids) == len(set(ids))
            page = self.parts.notifications.page(who, View(), before=None, limit=100)
            assert sorted(notification.id for notification in page) == ids
            unread = sum(not notification.read for notification in page)
            assert position.unread == unread
            assert [e.unread for e in events][-1:] == ([unread] if events else [])


@given(steps)
@settings(max_examples=100, deadline=None)
def test_any_order_of_appends_and_marks_keeps_the_stream_whole(steps: Steps) -> None:
    run = Run(fake_deps())
    run.go(steps)
    run.check()


def test_the_real_stream_is_as_the_fake_one(shared_database: Database) -> None:
    real = Deps(database=shared_database)

    @given(steps)
    @settings(max_examples=20, deadline=None)
    def compare(steps: Steps) -> None:
        for collection in (shared_database.notifications, shared_database.inboxes):
            collection.delete_many({})
        fake_run, real_run = Run(fake_deps()), Run(real)
        for run in (fake_run, real_run):
            run.go(steps)
        real_run.check()
        assert real_run.told == fake_run.told

    compare()


@given(st.integers(0, 2 * KEPT), st.integers(0, 2 * KEPT))
@settings(deadline=None)
def test_either_all_missed_events_come_back_or_none(count: int, since: int) -> None:
    parts = fake_deps()
    id_ = sent(parts).id
    if count:
        parts.inboxes.append([id_], NOON)
    for number in range(count - 1):
        mark(parts, ADA, id_, read=number % 2 == 0, now=NOON)
    position, events = parts.inboxes.missed(ADA, since)
    assert position.seq == count
    if since <= count <= since + KEPT:
        assert events is not None
        assert [event.seq for event in events] == list(range(since + 1, count + 1))
    else:
        assert events is None
