"""What the port `Notifications` promises."""

from datetime import timedelta

import pytest

from belfry.views import View, order_of
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, arrived, mark, sent
from tests.fakes import NOON

SOON = NOON + timedelta(seconds=1)


def page(
    parts: Deps, before: str | None = None, limit: int = 10, read: bool | None = None
) -> list[str]:
    last = parts.notifications.by_ids([before]).get(before) if before else None
    cursor = order_of(last) if last else None
    found = parts.notifications.page(ADA, View(read=read), before=cursor, limit=limit)
    return [notification.id for notification in found]


def test_one_is_found_by_its_recipient_only(parts: Deps) -> None:
    notification = sent(parts)
    assert parts.notifications.get(ADA, notification.id) == notification
    assert parts.notifications.get(BOB, notification.id) is None
    assert parts.notifications.get(ADA, "unknown") is None


@pytest.mark.parametrize("id_", ["", "$ne", "a\0b", "x" * 5000])
def test_odd_ids_are_unknown_ids(parts: Deps, id_: str) -> None:
    assert parts.notifications.get(ADA, id_) is None


def test_a_page_is_newest_first(parts: Deps) -> None:
    ids = arrived(parts, count=5)
    arrived(parts, BOB)
    assert page(parts) == ids[::-1]
    assert page(parts, limit=2) == [ids[4], ids[3]]
    assert page(parts, before=ids[3], limit=2) == [ids[2], ids[1]]
    assert page(parts, before=ids[0]) == []


def test_what_arrived_by_one_event_is_paged_one_by_one(parts: Deps) -> None:
    ids = [sent(parts).id for _ in range(4)]
    parts.inboxes.append(ids, NOON)
    assert page(parts, limit=3) + page(parts, before=ids[1]) == ids[::-1]


def test_what_has_not_arrived_is_on_no_page(parts: Deps) -> None:
    [id_] = arrived(parts)
    sent(parts)
    assert page(parts) == [id_]


def test_pages_stay_as_they_are_while_more_arrives(parts: Deps) -> None:
    ids = arrived(parts, count=4)
    first = page(parts, limit=2)
    arrived(parts, count=3)
    assert first + page(parts, before=ids[2], limit=10) == ids[::-1]


@pytest.mark.parametrize(("read", "expected"), [(True, [3, 1]), (False, [4, 2, 0])])
def test_a_page_of_read_or_unread_ones(parts: Deps, read: bool, expected: list[int]) -> None:
    ids = arrived(parts, count=5)
    for index in (1, 3):
        mark(parts, ADA, ids[index], read=True, now=SOON)
    assert page(parts, read=read) == [ids[index] for index in expected]
    assert page(parts, read=read, limit=1) == [ids[expected[0]]]
    assert page(parts, read=read, before=ids[3]) == [ids[i] for i in expected if i < 3]


def test_several_by_their_ids(parts: Deps) -> None:
    mine, others = sent(parts), sent(parts, BOB)
    found = parts.notifications.by_ids([mine.id, others.id, "unknown"])
    assert found == {mine.id: mine, others.id: others}
    assert parts.notifications.by_ids([]) == {}
