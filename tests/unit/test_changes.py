"""What changes make of a notification, and which views show it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.changes import PERSONAL, Change, ChangeKind, Content
from belfry.model import EventKind, Gone, Notification, Place, new_id
from belfry.views import View, order_of
from tests.fakes import NOON

LATER = NOON + timedelta(hours=1)

times = st.none() | st.integers(-1000, 1000).map(lambda s: NOON + timedelta(seconds=s))
notifications = st.builds(
    Notification,
    id=st.builds(new_id),
    user_id=st.just("ada"),
    message=st.just("Hello"),
    created_at=times.filter(bool),
    category=st.none() | st.sampled_from(["builds", "a/b", "*"]),
    priority=st.integers(1, 5),
    expires_at=times,
    read_at=times,
    archived=st.just(False),
    snoozed_until=times,
    pinned=st.booleans(),
    seq=st.just(1),
)
changes = st.sampled_from(ChangeKind).map(
    lambda kind: Change(kind, until=LATER, content=Content("New", category="news", priority=5))
)


def plain() -> Notification:
    return Notification(new_id(), "ada", "Hello", NOON, seq=1)


@given(notifications, changes)
def test_a_change_made_twice_changes_once(item: Notification, change: Change) -> None:
    once = change.applied_to(item, NOON)
    assert change.applied_to(once, NOON) is once


@given(notifications, st.lists(changes, max_size=8))
def test_a_notification_is_in_one_place_whatever_is_done(
    item: Notification, done: list[Change]
) -> None:
    for change in done:
        item = change.applied_to(item, NOON)
    places = [place for place in Place if View(place).shows(item)]
    assert len(places) == (0 if item.gone else 1)
    assert item.is_counted == View(read=False).shows(item)


@given(notifications, changes, st.sampled_from(Gone))
def test_what_is_gone_stays_as_it_is(item: Notification, change: Change, gone: Gone) -> None:
    item = replace(item, gone=gone, gone_at=NOON)
    assert change.applied_to(item, LATER) is item


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (ChangeKind.READ, EventKind.READ),
        (ChangeKind.UNREAD, EventKind.UNREAD),
        (ChangeKind.ARCHIVE, EventKind.ARCHIVED),
        (ChangeKind.UNARCHIVE, EventKind.UNARCHIVED),
        (ChangeKind.SNOOZE, EventKind.SNOOZED),
        (ChangeKind.UNSNOOZE, EventKind.UNSNOOZED),
        (ChangeKind.WAKE, EventKind.UNSNOOZED),
        (ChangeKind.PIN, EventKind.PINNED),
        (ChangeKind.UNPIN, EventKind.UNPINNED),
        (ChangeKind.DELETE, EventKind.DELETED),
        (ChangeKind.WITHDRAW, EventKind.WITHDRAWN),
        (ChangeKind.EXPIRE, EventKind.EXPIRED),
        (ChangeKind.REPLACE, EventKind.UPDATED),
    ],
)
def test_each_change_has_its_event(kind: ChangeKind, event: EventKind) -> None:
    assert Change(kind).event is event


def test_people_do_what_is_theirs_to_do() -> None:
    others = {ChangeKind.WITHDRAW, ChangeKind.REPLACE, ChangeKind.EXPIRE, ChangeKind.WAKE}
    assert set(PERSONAL) == set(ChangeKind) - others


def test_a_snooze_takes_it_out_of_the_archive_and_an_archive_ends_a_snooze() -> None:
    archived = Change(ChangeKind.ARCHIVE).applied_to(plain(), NOON)
    snoozed = Change(ChangeKind.SNOOZE, until=LATER).applied_to(archived, NOON)
    assert (archived.place, snoozed.place) == (Place.ARCHIVED, Place.SNOOZED)
    again = Change(ChangeKind.ARCHIVE).applied_to(snoozed, NOON)
    assert (again.place, again.snoozed_until) == (Place.ARCHIVED, None)


@pytest.mark.parametrize(("seconds", "place"), [(-1, Place.SNOOZED), (0, Place.INBOX)])
def test_a_snooze_is_over_at_its_time_and_not_before(seconds: int, place: Place) -> None:
    snoozed = Change(ChangeKind.SNOOZE, until=LATER).applied_to(plain(), NOON)
    now = LATER + timedelta(seconds=seconds)
    assert Change(ChangeKind.WAKE).applied_to(snoozed, now).place is place


@pytest.mark.parametrize(("seconds", "gone"), [(-1, None), (0, Gone.EXPIRED)])
def test_it_expires_at_its_time_and_not_before(seconds: int, gone: Gone | None) -> None:
    item = replace(plain(), expires_at=LATER)
    now = LATER + timedelta(seconds=seconds)
    assert Change(ChangeKind.EXPIRE).applied_to(item, now).gone is gone


def test_what_comes_back_stands_above_what_came_since() -> None:
    old, new = plain(), replace(plain(), created_at=NOON + timedelta(minutes=1))
    snoozed = Change(ChangeKind.SNOOZE, until=LATER).applied_to(old, NOON)
    back = Change(ChangeKind.WAKE).applied_to(snoozed, LATER)
    assert order_of(old) < order_of(new) < order_of(back)
    assert back.arrived_at == LATER


def test_pinned_ones_stand_first_and_then_the_latest() -> None:
    old, new = plain(), replace(plain(), created_at=LATER)
    pinned = Change(ChangeKind.PIN).applied_to(old, NOON)
    assert order_of(pinned) > order_of(new) > order_of(old)


def test_a_new_content_takes_the_place_of_all_of_the_old_one() -> None:
    item = replace(plain(), title="Old", link="/old", data={"a": 1}, read_at=NOON)
    done = Change(ChangeKind.REPLACE, content=Content("New")).applied_to(item, LATER)
    assert (done.message, done.title, done.link, done.data) == ("New", None, None, None)
    assert (done.read, done.edited_at) == (True, LATER)


def test_a_replacement_without_a_content_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="content"):
        Change(ChangeKind.REPLACE).applied_to(plain(), NOON)


@pytest.mark.parametrize(
    "view",
    [
        View(Place.ARCHIVED),
        View(read=True),
        View(category="news"),
        View(priority=5),
        View(since=NOON + timedelta(milliseconds=1)),
    ],
)
def test_a_view_leaves_out_what_it_does_not_ask_for(view: View) -> None:
    assert View(read=False, priority=3, since=NOON).shows(plain())
    assert not view.shows(plain())
    assert not View().shows(replace(plain(), seq=None))
