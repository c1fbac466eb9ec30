"""What the stores promise of a notification's way: each attempt, and the first acknowledgement."""

from __future__ import annotations

from datetime import timedelta

import pytest

from belfry.adapters.mongo.attempts import KEPT
from belfry.history import Attempt, History, QueuedBy
from belfry.model import DeliveryState
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, LATER, arrived, mark, sent
from tests.fakes import NOON

FULL = Attempt(
    at=NOON,
    number=2,
    state=DeliveryState.QUEUED,
    queued_at=NOON - timedelta(milliseconds=7),
    queued_by=QueuedBy.RETRY,
    pushed=1,
    gone=2,
    failed=3,
    refused=4,
    error="$of 10 devices, {no} one's \0",
)
DISPATCHED = Attempt(NOON, 1, DeliveryState.DISPATCHED)
FAILED = Attempt(NOON, 4, DeliveryState.FAILED, failed=1)


def history(parts: Deps, id_: str) -> History:
    found = parts.notifications.history(id_)
    assert found
    return found


def test_the_way_of_what_was_accepted(parts: Deps) -> None:
    id_ = sent(parts, BOB).id
    assert history(parts, id_) == History(id_, BOB, DeliveryState.QUEUED, NOON, dispatch_by=LATER)


def test_nobody_knows_the_way_of_what_there_is_not(parts: Deps) -> None:
    assert parts.notifications.history("nothing") is None


def test_each_attempt_comes_back_as_it_was(parts: Deps) -> None:
    id_ = sent(parts).id
    parts.outbox.postpone([id_], LATER, {id_: FULL})
    parts.outbox.settle([id_], {id_: DISPATCHED})
    found = history(parts, id_)
    assert found.attempts == (FULL, DISPATCHED)
    assert (found.state, found.dispatch_by) == (DeliveryState.DISPATCHED, None)


def test_each_of_a_batch_gets_its_own_attempt(parts: Deps) -> None:
    ids = [sent(parts).id for _ in range(5)]
    attempts = {
        id_: Attempt(NOON, number, DeliveryState.DISPATCHED) for number, id_ in enumerate(ids, 1)
    }
    parts.outbox.settle(ids[::-1], {"of another batch": FULL, **attempts})
    for id_ in ids:
        assert history(parts, id_).attempts == (attempts[id_],)


def test_without_attempts_there_are_none(parts: Deps) -> None:
    id_ = sent(parts).id
    parts.outbox.postpone([id_], LATER)
    parts.outbox.settle([id_])
    assert history(parts, id_).attempts == ()


def test_what_has_ended_takes_no_more_attempts_until_it_is_opened_again(parts: Deps) -> None:
    id_ = sent(parts).id
    parts.outbox.give_up([id_], "no use", {id_: FAILED})
    parts.outbox.settle([id_], {id_: DISPATCHED})
    parts.outbox.postpone([id_], LATER, {id_: FULL})
    assert history(parts, id_).attempts == (FAILED,)
    parts.outbox.reopen([id_], LATER)
    parts.outbox.settle([id_], {id_: DISPATCHED})
    assert history(parts, id_).attempts == (FAILED, DISPATCHED)


def test_only_the_last_attempts_are_kept(parts: Deps) -> None:
    id_ = sent(parts).id
    for number in range(1, KEPT + 3):
        attempt = Attempt(NOON, number, DeliveryState.QUEUED)
        parts.outbox.postpone([id_], LATER, {id_: attempt})
    numbers = [attempt.number for attempt in history(parts, id_).attempts]
    assert numbers == list(range(3, KEPT + 3))


def test_the_first_acknowledgement_counts_and_only_of_what_is_ones_own(parts: Deps) -> None:
    [own], [bobs] = arrived(parts), arrived(parts, BOB)
    parts.notifications.acknowledge(ADA, [own, bobs, "nothing", own], NOON)
    parts.notifications.acknowledge(ADA, [own], LATER)
    assert history(parts, own).acknowledged_at == NOON
    assert history(parts, bobs).acknowledged_at is None


@pytest.mark.parametrize("read", [True, False])
def test_when_it_was_read_is_told_as_long_as_it_is(parts: Deps, read: bool) -> None:
    [id_] = arrived(parts)
    mark(parts, ADA, id_, read=True, now=LATER)
    if not read:
        mark(parts, ADA, id_, read=False, now=LATER)
    assert history(parts, id_).read_at == (LATER if read else None)
