"""What the ports promise of changes: one event each, views and counts that always agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belfry.adapters.mongo.database import Database
from belfry.changes import PERSONAL, Change, ChangeKind, Content
from belfry.frames import MOST_NAMED
from belfry.model import EventKind, Gone, Notification, Place, Position, new_id
from belfry.ports import CHANGED_AT_ONCE, Due
from belfry.views import View, order_of
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, LATER, arrived
from tests.fakes import NOON, fake_deps

SOON = NOON + timedelta(seconds=1)
VIEWS = [
    View(*chosen)
    for chosen in product(
        Place, (None, True, False), (None, "a", "b/c"), (None, 1, 3), (None, SOON)
    )
]


def kept(parts: Deps, user_id: str = ADA, **fields: Any) -> Notification:
    """A notification that has arrived."""
    known: dict[str, Any] = {
        "id": new_id(),
        "user_id": user_id,
        "message": "Hello",
        "created_at": NOON,
    }
    item = Notification(**known | fields)
    parts.outbox.add(item, dispatch_by=LATER)
    parts.inboxes.append([item.id], NOON)
    return item


def shown(parts: Deps, view: View) -> list[str]:
    return [item.id for item in parts.notifications.page(ADA, view, before=None, limit=1000)]


def many(parts: Deps, count: int) -> list[str]:
    """Notifications that arrived together."""
    items = [Notification(new_id(), ADA, "Hello", NOON) for _ in range(count)]
    for item in items:
        parts.outbox.add(item, dispatch_by=LATER)
    parts.inboxes.append([item.id for item in items], NOON)
    return [item.id for item in items]


def test_a_change_of_many_is_one_event(parts: Deps) -> None:
    ids = arrived(parts, count=3)
    done = parts.inboxes.change(ADA, ids[:2], Change(ChangeKind.ARCHIVE), SOON)
    assert done
    assert done.event
    assert (done.count, done.event.kind, done.event.ids) == (
        2,
        EventKind.ARCHIVED,
        tuple(ids[:2]),
    )
    assert (done.event.seq, done.event.unread, done.event.at) == (4, 1, SOON)
    assert [item.archived for item in done.notifications] == [True, True]
    assert shown(parts, View(Place.ARCHIVED)) == ids[1::-1]
    assert shown(parts, View()) == [ids[2]]


def test_only_those_that_change_are_told(parts: Deps) -> None:
    ids = arrived(parts, count=2)
    parts.inboxes.change(ADA, ids[:1], Change(ChangeKind.READ), NOON)
    done = parts.inboxes.change(ADA, ids, Change(ChangeKind.READ), SOON)
    assert done
    assert done.event
    assert (done.count, done.event.ids) == (1, (ids[1],))
    again = parts.inboxes.change(ADA, ids, Change(ChangeKind.READ), SOON)
    assert again
    assert (again.count, again.event) == (0, None)


def test_what_is_not_theirs_is_left_out_and_nothing_else_is_none(parts: Deps) -> None:
    [mine] = arrived(parts)
    [others] = arrived(parts, BOB)
    done = parts.inboxes.change(ADA, [others, mine, new_id()], Change(ChangeKind.PIN), SOON)
    assert done
    assert [item.id for item in done.notifications] == [mine]
    assert parts.inboxes.change(ADA, [others], Change(ChangeKind.PIN), SOON) is None
    assert parts.inboxes.position(BOB) == Position(1, 1)


@pytest.mark.parametrize("kind", [ChangeKind.DELETE, ChangeKind.WITHDRAW])
def test_what_is_gone_is_nowhere_and_a_late_copy_brings_nothing_back(
    parts: Deps, kind: ChangeKind
) -> None:
    [id_] = arrived(parts)
    done = parts.inboxes.change(ADA, [id_], Change(kind), SOON)
    assert done
    assert done.event
    assert done.event.unread == 0
    assert parts.notifications.get(ADA, id_) is None
    assert parts.notifications.by_ids([id_]) == {}
    assert shown(parts, View()) == []
    assert parts.inboxes.change(ADA, [id_], Change(ChangeKind.READ), SOON) is None
    arrivals, unknown = parts.inboxes.append([id_], SOON)
    assert ([a.notifications for a in arrivals], set(unknown)) == ([], set())
    history = parts.notifications.history(id_)
    assert history
    assert (history.gone, history.gone_at) == (Gone(done.event.kind.value), SOON)


def test_what_is_withdrawn_before_it_arrived_never_does(parts: Deps) -> None:
    item = Notification(new_id(), ADA, "Hello", NOON)
    parts.outbox.add(item, dispatch_by=LATER)
    done = parts.inboxes.change(ADA, [item.id], Change(ChangeKind.WITHDRAW), SOON)
    assert done
    assert (done.count, done.event) == (1, None)
    assert parts.outbox.claim(LATER, LATER + timedelta(minutes=1), 10) == []
    arrivals, unknown = parts.inboxes.append([item.id], SOON)
    assert (list(arrivals), set(unknown)) == ([], set())
    assert parts.inboxes.position(ADA) == Position(0, 0)


def test_a_new_content_may_move_it_into_other_views(parts: Deps) -> None:
    item = kept(parts, category="a", priority=1)
    change = Change(ChangeKind.REPLACE, content=Content("New", category="b/c", priority=3))
    parts.inboxes.change(ADA, [item.id], change, SOON)
    found = parts.notifications.get(ADA, item.id)
    assert found
    assert (found.message, found.edited_at) == ("New", SOON)
    views = [View(category="a"), View(category="b/c"), View(priority=1), View(priority=3)]
    assert parts.counts.of(ADA, views) == [0, 1, 0, 1]


def test_what_comes_back_from_a_snooze_is_at_the_top(parts: Deps) -> None:
    ids = arrived(parts, count=3)
    parts.inboxes.change(ADA, ids[:1], Change(ChangeKind.SNOOZE, until=SOON), NOON)
    assert shown(parts, View()) == ids[:0:-1]
    parts.inboxes.change(ADA, ids[:1], Change(ChangeKind.WAKE), SOON)
    assert shown(parts, View()) == [ids[0], ids[2], ids[1]]


def test_more_than_an_event_names_is_an_event_without_names(parts: Deps) -> None:
    many(parts, MOST_NAMED + 1)
    done = parts.inboxes.change(ADA, View(), Change(ChangeKind.READ), SOON)
    assert done
    assert done.event
    assert (done.count, done.event.kind, done.event.ids) == (
        MOST_NAMED + 1,
        EventKind.CHANGED,
        (),
    )
    assert done.event.unread == 0
    assert done.rest is None


def test_what_a_view_shows_is_changed_part_by_part(parts: Deps) -> None:
    many(parts, CHANGED_AT_ONCE + 1)
    first = parts.inboxes.change(ADA, View(), Change(ChangeKind.PIN), SOON)
    assert first
    assert (first.count, first.rest is None) == (CHANGED_AT_ONCE, False)
    second = parts.inboxes.change(ADA, View(), Change(ChangeKind.PIN), SOON, before=first.rest)
    assert second
    assert (second.count, second.rest) == (1, None)


def test_a_view_of_nothing_changes_nothing(parts: Deps) -> None:
    done = parts.inboxes.change(ADA, View(), Change(ChangeKind.READ), SOON)
    assert done
    assert (done.count, done.event, done.rest) == (0, None, None)


def test_what_is_due_is_told_the_longest_overdue_first(parts: Deps) -> None:
    expiring = kept(parts, expires_at=NOON + timedelta(seconds=3))
    snoozed = kept(parts)
    until = NOON + timedelta(seconds=2)
    parts.inboxes.change(ADA, [snoozed.id], Change(ChangeKind.SNOOZE, until=until), NOON)
    kept(parts)
    assert parts.timers.due(NOON + timedelta(seconds=1), 10) == []
    wake = Due(snoozed.id, ADA, ChangeKind.WAKE)
    assert parts.timers.due(until, 10) == [wake]
    later = NOON + timedelta(seconds=3)
    assert parts.timers.due(later, 10) == [wake, Due(expiring.id, ADA, ChangeKind.EXPIRE)]
    assert parts.timers.due(later, 1) == [wake]
    parts.inboxes.change(ADA, [snoozed.id], Change(ChangeKind.WAKE), later)
    parts.inboxes.change(ADA, [expiring.id], Change(ChangeKind.EXPIRE), later)
    assert parts.timers.due(later, 10) == []


def test_what_is_scheduled_is_listed_soonest_first_until_its_time(parts: Deps) -> None:
    times = [NOON + timedelta(minutes=n) for n in (3, 1, 2)]
    items = [Notification(new_id(), ADA, "Hello", NOON, deliver_at=at) for at in times]
    for item, at in zip(items, times, strict=True):
        parts.outbox.add(item, dispatch_by=at)
    kept(parts)

    def page(now: datetime, **asked: Any) -> Sequence[str]:
        found = parts.scheduled.page(now, **{"after": None, "limit": 10} | asked)
        return [item.id for item in found]

    third, first, second = (item.id for item in items)
    assert page(NOON) == [first, second, third]
    assert page(NOON, limit=1) == [first]
    assert page(NOON, after=order_of(items[1])) == [second, third]
    assert page(times[1]) == [second, third]
    parts.inboxes.change(ADA, [third], Change(ChangeKind.WITHDRAW), NOON)
    assert page(times[1]) == [second]


Step = Callable[[Deps], Any]
some = st.lists(st.integers(0, 9), min_size=1, max_size=4)
kinds = st.sampled_from(PERSONAL)
whole_steps = st.one_of(
    st.tuples(st.just("send"), st.sampled_from([None, "a", "b/c"]), st.sampled_from([1, 3])),
    st.tuples(st.just("ids"), kinds, some),
    st.tuples(st.just("view"), kinds, st.sampled_from(VIEWS)),
    st.tuples(st.just("time"), st.sampled_from([ChangeKind.WAKE, ChangeKind.EXPIRE]), some),
)


class Story:
    """The same steps on the fake and on the real stores."""

    def __init__(self, parts: Deps, ids: list[str]) -> None:
        self.parts = parts
        self.ids = ids
        self.sent = 0
        self.events: list[Any] = []

    def go(self, number: int, step: tuple[Any, ...]) -> None:
        now = NOON + timedelta(seconds=number)
        if step[0] == "send":
            if self.sent < len(self.ids):
                kept(
                    self.parts,
                    id=self.ids[self.sent],
                    category=step[1],
                    priority=step[2],
                    created_at=now,
                    expires_at=now + timedelta(seconds=5),
                )
                self.sent += 1
            return
        until = now + timedelta(seconds=3) if step[1] is ChangeKind.SNOOZE else None
        which = step[2] if step[0] == "view" else [self.ids[n] for n in step[2]]
        done = self.parts.inboxes.change(ADA, which, Change(step[1], until=until), now)
        self.events.append(done and (done.count, done.event))

    def state(self) -> Any:
        pages = [shown(self.parts, view) for view in VIEWS]
        counts = list(self.parts.counts.of(ADA, VIEWS))
        assert counts == [len(page) for page in pages]
        position = self.parts.inboxes.position(ADA)
        assert position.unread == len(shown(self.parts, View(read=False)))
        return self.events, pages, position, self.parts.inboxes.missed(ADA, 0)


@given(st.lists(whole_steps, max_size=30))
@settings(max_examples=60, deadline=None)
def test_views_and_counts_agree_after_any_changes(steps: list[tuple[Any, ...]]) -> None:
    story = Story(fake_deps(), [new_id() for _ in range(10)])
    for number, step in enumerate(steps):
        story.go(number, step)
        story.state()


def test_the_real_stores_are_as_the_fake_ones(shared_database: Database) -> None:
    real = Deps(database=shared_database)

    @given(st.lists(whole_steps, max_size=25))
    @settings(max_examples=25, deadline=None)
    def compare(steps: list[tuple[Any, ...]]) -> None:
        for name in ("notifications", "inboxes", "categories"):
            getattr(shared_database, name).delete_many({})
        ids = [new_id() for _ in range(10)]
        stories = Story(fake_deps(), ids), Story(real, ids)
        for number, step in enumerate(steps):
            for story in stories:
                story.go(number, step)
        fake, true = (story.state() for story in stories)
        assert true == fake

    compare()
