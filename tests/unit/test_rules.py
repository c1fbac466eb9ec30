"""The pure rules: retries, shards, and how things look on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from belfry import wire
from belfry.model import EventKind, InboxEvent, Notification
from belfry.retry import RetryPolicy
from belfry.topology import DEAD_LETTERS, FAN_OUT, SHARDS, delivery_queue, delivery_queues
from tests.declared import ROOT
from tests.fakes import NOON

moments = st.datetimes(datetime(2000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them bare


def test_each_retry_waits_five_times_as_long() -> None:
    assert RetryPolicy().delays == (1, 5, 25)
    assert RetryPolicy(max_attempts=2, first_delay=0.5).delays == (0.5, 2.5)


@given(st.integers(0, 10), st.floats(0, 3600), st.integers(0, 1000))
def test_there_are_as_many_retries_as_allowed(most: int, first: float, attempts: int) -> None:
    policy = RetryPolicy(most, first)
    delay = policy.delay_after(attempts)
    if attempts < most:
        assert delay == policy.delays[attempts]
        assert NOON + timedelta(seconds=delay) >= NOON  # never beyond what a date can hold
    else:
        assert delay is None


@given(st.text(), st.integers(1, 64))
def test_a_person_always_has_the_same_queue(user_id: str, shards: int) -> None:
    queue = delivery_queue(user_id, shards)
    assert queue == delivery_queue(user_id, shards)
    assert queue in delivery_queues(shards)


def test_the_queue_of_a_person_never_changes_between_versions() -> None:
    # Other values than these would put two workers on one person while an update rolls out.
    queues = {
        "019ab3c2-7f00-7c3e-9a51-0242ac120002": "belfry.deliver.2",
        "019ab3c2-7f00-7c3e-9a51-0242ac120003": "belfry.deliver.0",
        "ada": "belfry.deliver.0",
        "bob": "belfry.deliver.0",
    }
    assert {user_id: delivery_queue(user_id, shards=4) for user_id in queues} == queues


def test_people_are_spread_over_all_queues() -> None:
    counts = dict.fromkeys(delivery_queues(shards=4), 0)
    for number in range(4000):
        counts[delivery_queue(f"019ab3c2-7f00-7c3e-9a51-{number:012x}", shards=4)] += 1
    assert all(800 < count < 1200 for count in counts.values())


def test_every_delivery_queue_and_the_dead_letters_have_a_trigger() -> None:
    declared = yaml.safe_load((ROOT / "openapi.yaml").read_text())["x-queues"]
    assert set(declared) == {*delivery_queues(SHARDS), FAN_OUT, DEAD_LETTERS}


@given(moments)
def test_a_time_is_rfc_3339_in_utc_with_milliseconds(moment: datetime) -> None:
    text = wire.time(moment)
    assert len(text) == len("2026-01-05T10:20:30.123Z")
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert datetime.fromisoformat(text) == cut


@given(moments, moments)
def test_times_sort_as_texts(one: datetime, other: datetime) -> None:
    if one <= other:
        assert wire.time(one) <= wire.time(other)


def test_contents_that_do_not_exist_any_more_are_left_out_of_an_event() -> None:
    event = InboxEvent("ada", 1, EventKind.NOTIFICATION, ("1", "2"), unread=2, at=NOON)
    frame = wire.event(event, {"2": Notification("2", "ada", "Hello", NOON)})
    assert [item["id"] for item in frame["notifications"]] == ["2"]


@pytest.mark.parametrize("kind", [EventKind.READ, EventKind.UNREAD])
def test_other_events_carry_ids_only(kind: EventKind) -> None:
    frame = wire.event(InboxEvent("ada", 7, kind, ("1",), unread=0, at=NOON), {})
    assert frame == {
        "type": kind.value,
        "seq": 7,
        "at": "2026-01-05T12:00:00.000Z",
        "unreadCount": 0,
        "ids": ["1"],
    }
