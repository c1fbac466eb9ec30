"""What the port `Inboxes` promises: gapless numbers, each notification once, an exact count."""

from datetime import timedelta

import pytest

from belfry.adapters.mongo.stream import KEPT
from belfry.frames import ARRIVAL_BYTES
from belfry.model import EventKind, InboxEvent, Position, new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, arrived, mark, sent
from tests.fakes import NOON

SOON = NOON + timedelta(seconds=1)


def numbers(parts: Deps, user_id: str = ADA) -> list[int]:
    """The numbers of all kept events, when they are all."""
    _, events = parts.inboxes.missed(user_id, 0)
    assert events is not None
    return [event.seq for event in events]


def test_an_empty_inbox_is_at_its_beginning(parts: Deps) -> None:
    assert parts.inboxes.position(ADA) == Position(0, 0)
    assert parts.inboxes.missed(ADA, 0) == (Position(0, 0), [])


def test_a_notification_arrives_with_the_next_number(parts: Deps) -> None:
    first, second = sent(parts), sent(parts)
    for seq, notification in enumerate((first, second), start=1):
        [arrival], unknown = parts.inboxes.append([notification.id], NOON)
        assert arrival.event == InboxEvent(
            ADA, seq, EventKind.NOTIFICATION, (notification.id,), unread=seq, at=NOON
        )
        assert [(n.id, n.seq) for n in arrival.notifications] == [(notification.id, seq)]
        assert unknown == set()
    assert parts.inboxes.position(ADA) == Position(2, 2)


def test_a_batch_for_one_person_is_one_event_in_the_order_of_making(parts: Deps) -> None:
    ids = [sent(parts).id for _ in range(5)]
    [arrival], _ = parts.inboxes.append(list(reversed(ids)), NOON)
    assert list(arrival.event.ids) == ids
    assert [n.id for n in arrival.notifications] == ids
    assert arrival.event.unread == 5
    assert parts.inboxes.position(ADA) == Position(1, 5)


def test_a_batch_of_many_people_is_one_event_each(parts: Deps) -> None:
    people = [f"person {n}" for n in range(100)]
    for person in people[:50]:
        arrived(parts, person)
    ids = {person: {sent(parts, person).id for _ in range(3)} for person in people}
    arrivals, _ = parts.inboxes.append([i for theirs in ids.values() for i in theirs], NOON)
    assert {a.event.user_id: set(a.event.ids) for a in arrivals} == ids
    assert len(arrivals) == 100
    for n, person in enumerate(people):
        assert parts.inboxes.position(person) == (Position(2, 4) if n < 50 else Position(1, 3))


def test_a_batch_too_large_for_a_frame_is_several_events(parts: Deps) -> None:
    message = "x" * 30_000
    ids = [sent(parts, message=message).id for _ in range(7)]
    arrivals, _ = parts.inboxes.append(ids, NOON)
    assert [len(arrival.event.ids) for arrival in arrivals] == [3, 3, 1]
    assert [arrival.event.seq for arrival in arrivals] == [1, 2, 3]
    assert [arrival.event.unread for arrival in arrivals] == [3, 6, 7]
    assert [id_ for arrival in arrivals for id_ in arrival.event.ids] == ids
    assert [n.seq for arrival in arrivals for n in arrival.notifications] == [1, 1, 1, 2, 2, 2, 3]
    assert all(
        sum(len(n.message) for n in arrival.notifications) < ARRIVAL_BYTES for arrival in arrivals
    )


def test_nothing_appended_is_nothing(parts: Deps) -> None:
    arrivals, unknown = parts.inboxes.append([], NOON)
    assert (list(arrivals), set(unknown)) == ([], set())


def test_unknown_ids_are_told_and_the_others_arrive(parts: Deps) -> None:
    known, unknown_id = sent(parts), new_id()
    arrivals, unknown = parts.inboxes.append([unknown_id, known.id], NOON)
    assert set(unknown) == {unknown_id}
    assert [arrival.event.ids for arrival in arrivals] == [(known.id,)]


def test_the_same_id_twice_in_a_batch_arrives_once(parts: Deps) -> None:
    notification = sent(parts)
    [arrival], _ = parts.inboxes.append([notification.id, notification.id], NOON)
    assert arrival.event.ids == (notification.id,)
    assert parts.inboxes.position(ADA) == Position(1, 1)


def test_what_was_not_settled_is_told_again_with_its_number(parts: Deps) -> None:
    notification = sent(parts)
    first, _ = parts.inboxes.append([notification.id], NOON)
    again, _ = parts.inboxes.append([notification.id], SOON)
    assert list(again) == list(first)
    assert parts.inboxes.position(ADA) == Position(1, 1)


def test_what_was_settled_is_not_told_again(parts: Deps) -> None:
    notification = sent(parts)
    parts.inboxes.append([notification.id], NOON)
    parts.outbox.settle([notification.id])
    arrivals, unknown = parts.inboxes.append([notification.id], SOON)
    assert (list(arrivals), set(unknown)) == ([], set())
    assert parts.inboxes.position(ADA) == Position(1, 1)


@pytest.mark.parametrize("settled", [True, False])
def test_a_late_copy_changes_nothing_however_late(parts: Deps, settled: bool) -> None:
    notification = sent(parts)
    parts.inboxes.append([notification.id], NOON)
    if settled:
        parts.outbox.settle([notification.id])
    for n in range(KEPT):
        mark(parts, ADA, notification.id, read=n % 2 == 0, now=SOON)
    before = parts.inboxes.position(ADA)
    arrivals, _ = parts.inboxes.append([notification.id], SOON)
    assert list(arrivals) == []
    assert parts.inboxes.position(ADA) == before == Position(1 + KEPT, 1)


def test_old_and_new_in_one_batch_keep_their_numbers(parts: Deps) -> None:
    old, new = sent(parts), sent(parts)
    parts.inboxes.append([old.id], NOON)
    arrivals, _ = parts.inboxes.append([new.id, old.id], SOON)
    assert [(a.event.seq, a.event.ids) for a in arrivals] == [(1, (old.id,)), (2, (new.id,))]


def test_an_event_told_again_is_whole_also_when_only_a_part_is_asked_for(parts: Deps) -> None:
    # A device drops a number that it has seen, so half an event would lose the other half.
    ids = [sent(parts).id for _ in range(3)]
    parts.inboxes.append(ids, NOON)
    parts.outbox.settle(ids[:1])
    [arrival], _ = parts.inboxes.append([ids[1]], SOON)
    assert list(arrival.event.ids) == ids
    assert [n.id for n in arrival.notifications] == ids


def test_only_arrivals_are_told_again_not_other_events_of_the_same_number(parts: Deps) -> None:
    waiting = sent(parts)
    parts.inboxes.append([waiting.id], NOON)
    mark(parts, ADA, waiting.id, read=True, now=SOON)  # Ada's event 2
    bobs = [sent(parts, BOB).id for _ in range(2)]
    for id_ in bobs:
        parts.inboxes.append([id_], NOON)  # Bob's events 1 and 2
    arrivals, _ = parts.inboxes.append([waiting.id, bobs[1]], SOON)
    told = {(a.event.user_id, a.event.seq, a.event.kind) for a in arrivals}
    assert told == {(ADA, 1, EventKind.NOTIFICATION), (BOB, 2, EventKind.NOTIFICATION)}


def test_marking_tells_one_event_and_counts(parts: Deps) -> None:
    first, second = arrived(parts, count=2)
    marked = mark(parts, ADA, first, read=True, now=SOON)
    assert marked
    notification, event = marked
    assert (notification.read, notification.read_at, notification.seq) == (True, SOON, 1)
    assert event == InboxEvent(ADA, 3, EventKind.READ, (first,), unread=1, at=SOON)
    assert parts.notifications.get(ADA, first) == notification
    assert parts.inboxes.position(ADA) == Position(3, 1)
    other = parts.notifications.get(ADA, second)
    assert other
    assert not other.read


def test_marking_as_unread_undoes_it(parts: Deps) -> None:
    [id_] = arrived(parts)
    before = parts.notifications.get(ADA, id_)
    mark(parts, ADA, id_, read=True, now=NOON)
    marked = mark(parts, ADA, id_, read=False, now=SOON)
    assert marked
    assert marked[0] == before
    assert marked[1] == InboxEvent(ADA, 3, EventKind.UNREAD, (id_,), unread=1, at=SOON)


@pytest.mark.parametrize("read", [True, False])
def test_marking_twice_changes_nothing(parts: Deps, read: bool) -> None:
    [id_] = arrived(parts)
    mark(parts, ADA, id_, read=read, now=NOON)
    before = parts.inboxes.position(ADA)
    marked = mark(parts, ADA, id_, read=read, now=SOON)
    assert marked
    notification, event = marked
    assert event is None
    assert notification.read_at == (NOON if read else None)
    assert parts.inboxes.position(ADA) == before


def test_nobody_marks_what_is_not_theirs(parts: Deps) -> None:
    [id_] = arrived(parts)
    assert mark(parts, BOB, id_, read=True, now=SOON) is None
    assert mark(parts, ADA, new_id(), read=True, now=SOON) is None
    found = parts.notifications.get(ADA, id_)
    assert found
    assert not found.read
    assert parts.inboxes.position(ADA) == Position(1, 1)
    assert parts.inboxes.position(BOB) == Position(0, 0)


def test_what_was_read_before_it_arrived_arrives_read(parts: Deps) -> None:
    early, other = sent(parts), sent(parts)
    marked = mark(parts, ADA, early.id, read=True, now=NOON)
    assert marked
    assert marked[1] is None  # no device knows it yet
    assert parts.inboxes.position(ADA) == Position(0, 0)
    [arrival], _ = parts.inboxes.append([early.id, other.id], SOON)
    assert arrival.event.unread == 1
    assert [n.read for n in arrival.notifications] == [True, False]
    assert parts.inboxes.position(ADA) == Position(1, 1)


def test_missed_events_are_those_after_the_number(parts: Deps) -> None:
    ids = arrived(parts, count=3)
    mark(parts, ADA, ids[0], read=True, now=SOON)
    position, events = parts.inboxes.missed(ADA, 2)
    assert position == Position(4, 2)
    assert events is not None
    assert [(e.seq, e.kind, e.ids, e.unread) for e in events] == [
        (3, EventKind.NOTIFICATION, (ids[2],), 3),
        (4, EventKind.READ, (ids[0],), 2),
    ]


def test_nothing_was_missed_at_the_last_number(parts: Deps) -> None:
    arrived(parts, count=2)
    assert parts.inboxes.missed(ADA, 2) == (Position(2, 2), [])


@pytest.mark.parametrize("since", [3, 1000, 2**53])
def test_a_number_of_the_future_cannot_be_recovered(parts: Deps, since: int) -> None:
    arrived(parts, count=2)
    assert parts.inboxes.missed(ADA, since) == (Position(2, 2), None)
    assert parts.inboxes.missed(BOB, since) == (Position(0, 0), None)


def test_as_many_events_as_are_kept_can_be_recovered_and_no_more(parts: Deps) -> None:
    arrived(parts, count=KEPT + 2)
    _, events = parts.inboxes.missed(ADA, 2)
    assert events is not None
    assert [event.seq for event in events] == list(range(3, KEPT + 3))
    position, too_many = parts.inboxes.missed(ADA, 1)
    assert too_many is None
    assert position == Position(KEPT + 2, KEPT + 2)


def test_people_have_numbers_of_their_own(parts: Deps) -> None:
    arrived(parts, ADA, 3)
    arrived(parts, BOB, 1)
    assert numbers(parts, ADA) == [1, 2, 3]
    assert numbers(parts, BOB) == [1]
