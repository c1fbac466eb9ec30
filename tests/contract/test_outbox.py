"""What the port `Outbox` promises: what waits is not forgotten, what ended does not come back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from belfry.model import Notification, new_id
from belfry.ports import Claimed
from belfry.wiring import Deps
from tests.contract.people import ADA, LATER, sent
from tests.fakes import NOON

MUCH_LATER = LATER + timedelta(hours=1)


def overdue(parts: Deps, now: datetime = LATER, limit: int = 100) -> list[str]:
    """What is claimed. The lease ends at once, so that asking changes nothing."""
    return [each.id for each in parts.outbox.claim(now, now, limit)]


def test_every_field_comes_back_as_it_was(parts: Deps) -> None:
    notification = Notification(
        id=new_id(),
        user_id=ADA,
        message="main is green 🎉 \u2028",
        created_at=NOON,
        title="Build",
        category="builds",
        priority=5,
        link="https://ci.example.com/1",
        data={"$set": {"a.b": [1, None, True, 1.5]}, "": "NUL \0", "big": 10**30},
    )
    parts.outbox.add(notification, dispatch_by=LATER)
    assert parts.notifications.get(ADA, notification.id) == notification


def test_deeply_nested_data_come_back(parts: Deps) -> None:
    # BSON ends at 100 levels; what a caller may send ends at about 200.
    data: dict[str, object] = {}
    for _ in range(190):
        data = {"x": data}
    notification = Notification(new_id(), ADA, "Hello", NOON, data=data)
    parts.outbox.add(notification, dispatch_by=LATER)
    assert parts.notifications.get(ADA, notification.id) == notification


def test_what_has_no_data_and_what_has_empty_data_differ(parts: Deps) -> None:
    without = Notification(new_id(), ADA, "Hello", NOON)
    empty = Notification(new_id(), ADA, "Hello", NOON, data={})
    for notification in (without, empty):
        parts.outbox.add(notification, dispatch_by=LATER)
        assert parts.notifications.get(ADA, notification.id) == notification


def test_one_that_is_kept_already_is_left_as_it_is_and_answered(parts: Deps) -> None:
    first = sent(parts)
    later = replace(first, message="Another", created_at=LATER)
    assert parts.outbox.add(later, dispatch_by=MUCH_LATER) == first
    assert parts.notifications.get(ADA, first.id) == first
    assert overdue(parts) == [first.id]


def test_it_is_overdue_from_its_time_on(parts: Deps) -> None:
    notification = sent(parts)
    assert overdue(parts, LATER - timedelta(milliseconds=1)) == []
    assert parts.outbox.claim(LATER, LATER, 10) == [Claimed(notification.id, ADA)]


def test_the_longest_overdue_are_claimed_first(parts: Deps) -> None:
    notifications = {n: Notification(new_id(), ADA, str(n), NOON) for n in (3, 1, 2)}
    for n, notification in notifications.items():
        parts.outbox.add(notification, dispatch_by=NOON + timedelta(seconds=n))
    first = parts.outbox.claim(LATER, MUCH_LATER, 2)
    assert {each.id for each in first} == {notifications[n].id for n in (1, 2)}
    assert overdue(parts) == [notifications[3].id]


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(parts: Deps) -> None:
    id_ = sent(parts).id
    assert [each.id for each in parts.outbox.claim(LATER, MUCH_LATER, 10)] == [id_]
    assert overdue(parts, MUCH_LATER - timedelta(milliseconds=1)) == []
    assert overdue(parts, MUCH_LATER) == [id_]


def test_of_several_who_claim_at_once_one_gets_each(parts: Deps) -> None:
    ids = sorted(sent(parts).id for _ in range(300))
    together = Barrier(4)

    def sweep() -> list[str]:
        together.wait()
        found: list[str] = []
        # One that gets nothing has met another one at the same page: the rest is still to be had.
        for _ in range(40):
            found += [each.id for each in parts.outbox.claim(LATER, MUCH_LATER, 20)]
        return found

    with ThreadPoolExecutor(4) as threads:
        sweeps = [threads.submit(sweep) for _ in range(4)]
        claimed = [id_ for each in sweeps for id_ in each.result()]
    assert sorted(claimed) == ids


def test_what_was_claimed_is_postponed_settled_and_given_up_like_any(parts: Deps) -> None:
    ids = [sent(parts).id for _ in range(3)]
    parts.outbox.claim(LATER, LATER, 10)
    parts.outbox.postpone([ids[0]], MUCH_LATER)
    parts.outbox.settle([ids[1]])
    parts.outbox.give_up([ids[2]], "no use")
    assert overdue(parts) == []
    assert overdue(parts, MUCH_LATER) == [ids[0]]


def test_what_is_postponed_is_overdue_later(parts: Deps) -> None:
    kept, postponed = sent(parts), sent(parts)
    parts.outbox.postpone([postponed.id], MUCH_LATER)
    assert overdue(parts) == [kept.id]
    assert set(overdue(parts, MUCH_LATER)) == {kept.id, postponed.id}


def test_what_is_settled_never_comes_back(parts: Deps) -> None:
    settled, waiting = sent(parts), sent(parts)
    parts.outbox.settle([settled.id])
    parts.outbox.postpone([settled.id], NOON)
    assert overdue(parts) == [waiting.id]


def test_what_is_given_up_never_comes_back(parts: Deps) -> None:
    given_up = sent(parts)
    parts.outbox.give_up([given_up.id], "no use")
    parts.outbox.postpone([given_up.id], NOON)
    assert overdue(parts) == []
    assert parts.notifications.get(ADA, given_up.id) == given_up


@pytest.mark.parametrize("ids", [[], ["unknown"]])
def test_none_and_unknown_ones_are_no_failure(parts: Deps, ids: list[str]) -> None:
    waiting = sent(parts)
    parts.outbox.settle(ids)
    parts.outbox.give_up(ids, "no use")
    parts.outbox.postpone(ids, MUCH_LATER)
    assert overdue(parts) == [waiting.id]
