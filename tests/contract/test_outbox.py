"""What the port `Outbox` promises: what waits is not forgotten, what ended does not come back."""

from datetime import timedelta

import pytest

from belfry.model import Notification, new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, LATER, sent
from tests.fakes import NOON

MUCH_LATER = LATER + timedelta(hours=1)


def overdue(parts: Deps, limit: int = 100) -> list[str]:
    return [notification.id for notification in parts.outbox.overdue(LATER, limit)]


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


def test_it_is_overdue_from_its_time_on(parts: Deps) -> None:
    notification = sent(parts)
    almost = LATER - timedelta(milliseconds=1)
    assert parts.outbox.overdue(almost, 10) == []
    assert parts.outbox.overdue(LATER, 10) == [notification]


def test_the_oldest_are_overdue_first(parts: Deps) -> None:
    order = [3, 1, 2]
    notifications = {n: Notification(new_id(), ADA, str(n), NOON) for n in order}
    for n, notification in notifications.items():
        parts.outbox.add(notification, dispatch_by=NOON + timedelta(seconds=n))
    assert overdue(parts) == [notifications[n].id for n in (1, 2, 3)]
    assert overdue(parts, limit=2) == [notifications[n].id for n in (1, 2)]


def test_what_is_postponed_is_overdue_later(parts: Deps) -> None:
    kept, postponed = sent(parts), sent(parts)
    parts.outbox.postpone([postponed.id], MUCH_LATER)
    assert overdue(parts) == [kept.id]
    assert {n.id for n in parts.outbox.overdue(MUCH_LATER, 10)} == {kept.id, postponed.id}


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
