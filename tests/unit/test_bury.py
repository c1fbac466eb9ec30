"""dispatch.bury: whatever arrives in the queue of the dead letters is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.burial import MOST_BODY_BYTES, TAKEN_AWAY
from belfry.errors import StoreUnavailable
from belfry.model import DeadLetter, DeadReason, Notification, new_id
from functions.dispatch import bury
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Event, queue_record

ORIGIN = "belfry.deliver.1"
DIED = {"x-dead-reason": "push-failed", "x-dead-error": "1 of 2 devices did not take it."}
DIED |= {"x-dead-queue": ORIGIN, "x-dead-at": "2026-01-05T11:59:59.500Z"}


def sent(fakes: Fakes, user_id: str = ADA) -> str:
    notification = Notification(new_id(), user_id, "Hello", NOON)
    fakes.outbox.add(notification, dispatch_by=NOON)
    return notification.id


def record(body: Any, **headers: Any) -> Event:
    """A message as Amazon MQ gives it: texts are bytes. Names of headers with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return queue_record(
        body,
        {
            name: {"bytes": list(value.encode())} if isinstance(value, str) else value
            for name, value in named.items()
        },
    )


def died(body: Any, **headers: Any) -> Event:
    """What the dispatcher gave up."""
    return record(body, **DIED, **headers)


def run(fakes: Fakes, *records: Event) -> None:
    event = {"eventSource": "aws:rmq", "rmqMessagesByQueue": {"belfry.dead::/": list(records)}}
    bury.handler.using(fakes.deps())(event, None)


def buried(fakes: Fakes) -> list[DeadLetter]:
    return list(fakes.memory.tables.dead_letters.values())


def test_what_the_dispatcher_gave_up_is_kept_with_all_that_is_known(fakes: Fakes) -> None:
    id_ = sent(fakes)
    body = {"notificationId": id_}
    first = {"x-first-failed-at": "2026-01-05T11:59:28.000Z", "x-retry-attempts": 3}
    run(fakes, died(body, **first, x_source="billing"))
    [letter] = buried(fakes)
    assert (letter.reason, letter.error) == ("push-failed", DIED["x-dead-error"])
    assert (letter.queue, letter.attempts, letter.times) == (ORIGIN, 3, 1)
    assert letter.first_at == NOON - timedelta(seconds=32)
    assert letter.last_at == NOON - timedelta(milliseconds=500)
    assert (letter.notification_id, letter.user_id) == (id_, ADA)
    assert json.loads(letter.body) == body
    assert letter.size == len(letter.body)
    assert letter.headers == {"x-source": "billing"}


def test_what_died_at_once_failed_first_when_it_died(fakes: Fakes) -> None:
    run(fakes, died(b"?"))
    [letter] = buried(fakes)
    assert letter.first_at == letter.last_at == NOON - timedelta(milliseconds=500)
    assert (letter.notification_id, letter.user_id, letter.attempts) == (None, None, 0)


def test_a_batch_that_comes_twice_is_kept_once(fakes: Fakes) -> None:
    batch = [died({"notificationId": sent(fakes)}), died(b"?"), died(b"!")]
    run(fakes, *batch)
    before = buried(fakes)
    run(fakes, *batch)
    assert buried(fakes) == before
    assert len(before) == 3


def test_the_same_message_dying_again_is_the_same_dead_letter(fakes: Fakes) -> None:
    run(fakes, died(b"?"))
    [first] = buried(fakes)
    again = DIED | {"x-dead-at": "2026-01-05T12:30:00.000Z", "x-dead-reason": "unreadable"}
    run(fakes, record(b"?", **again, x_retry_attempts=2), record(b"!", **again))
    [letter, other] = buried(fakes)
    assert (letter.id, letter.times, letter.first_at) == (first.id, 2, first.first_at)
    assert (letter.reason, letter.attempts) == ("unreadable", 2)
    assert letter.last_at == NOON + timedelta(minutes=30)
    assert (other.times, other.body) == (1, b"!")


def test_copies_for_one_notification_are_one_dead_letter_whoever_published_them(
    fakes: Fakes,
) -> None:
    id_ = sent(fakes)
    later = DIED | {"x-dead-at": "2026-01-05T12:30:00.000Z"}
    run(fakes, died({"notificationId": id_, "by": "api"}))
    run(fakes, record({"notificationId": id_, "by": "sweep"}, **later))
    [letter] = buried(fakes)
    assert letter.times == 2


def test_the_same_body_from_another_queue_is_another_message(fakes: Fakes) -> None:
    run(fakes, died(b"?"), record(b"?", **DIED | {"x-dead-queue": "belfry.deliver.0"}))
    assert len(buried(fakes)) == 2


def test_what_the_broker_took_away_has_its_own_reason(fakes: Fakes) -> None:
    death = [{"queue": {"bytes": list(ORIGIN.encode())}, "count": 1}]
    run(fakes, record(b"?", x_first_death_queue=ORIGIN, x_death=death))
    [letter] = buried(fakes)
    assert (letter.reason, letter.error) == (DeadReason.DELIVERY_LIMIT, TAKEN_AWAY)
    assert letter.queue == ORIGIN
    assert letter.first_at == letter.last_at == NOON
    assert json.loads(str(letter.headers["x-death"])) == [{"queue": ORIGIN, "count": 1}]


def test_what_the_broker_took_away_and_the_store_knows_is_not_dead(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    queued, dispatched, failed, pushed = (sent(fakes) for _ in range(4))
    fakes.outbox.settle([dispatched])
    fakes.outbox.give_up([failed], DeadReason.PUSH_FAILED)
    taken = [record({"notificationId": id_}) for id_ in (queued, dispatched, failed, "unknown")]
    run(fakes, *taken, died({"notificationId": pushed}))
    # The last one is queued, too: the dispatcher publishes before it marks.
    assert [letter.notification_id for letter in buried(fakes)] == ["unknown", pushed]
    assert queued in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"x_last_death_queue": ORIGIN, "x_first_death_queue": "belfry.wait.1s"},
        {
            "x_death": [
                {"queue": {"bytes": list(ORIGIN.encode())}},
                {"queue": {"bytes": list(b"belfry.wait.1s")}},
            ],
            "x_first_death_queue": "belfry.wait.1s",
        },
        {"x_death": "no table", "x_first_death_queue": ORIGIN},
    ],
)
def test_the_queue_that_the_broker_took_it_from_is_that_of_its_last_death(
    fakes: Fakes, headers: dict[str, Any]
) -> None:
    run(fakes, record(b"?", **headers))
    [letter] = buried(fakes)
    assert letter.queue == ORIGIN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\xfd",
        b"\0" * 10,
        b"x" * 5_000_000,
        b"[" * 60_000,
        b'{"notificationId": 1}',
        b'{"notificationId": ""}',
        b'{"notificationId": "\\ud800"}',
        b'{"notificationId": {"$gt": ""}}',
        json.dumps({"notificationId": "x" * 60_000}).encode(),
        json.dumps({"notificationId": "x", "filler": "y" * 70_000}).encode(),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_any_body_is_kept_as_it_is(fakes: Fakes, body: bytes) -> None:
    id_ = sent(fakes)
    run(fakes, died(body), died({"notificationId": id_}))
    [letter, readable] = buried(fakes)
    assert letter.body == body
    assert letter.whole
    assert (letter.notification_id, letter.user_id) == (None, None)
    assert readable.notification_id == id_


def test_a_body_larger_than_the_store_takes_is_cut_and_its_size_is_known(fakes: Fakes) -> None:
    run(fakes, died(b"x" * (MOST_BODY_BYTES + 1)))
    [letter] = buried(fakes)
    assert (len(letter.body), letter.size) == (MOST_BODY_BYTES, MOST_BODY_BYTES + 1)
    assert not letter.whole


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-dead-reason", "because"),
        ("x-dead-reason", 7),
        ("x-dead-reason", None),
        ("x-dead-error", 7),
        ("x-dead-error", "x" * 100_000),
        ("x-dead-queue", [1]),
        ("x-dead-at", "yesterday"),
        ("x-dead-at", "0000-00-00T00:00:00Z"),
        ("x-dead-at", 2**62),
        ("x-first-failed-at", "2026-01-05T12:00:00"),
        ("x-first-failed-at", {"a": [1]}),
        ("x-retry-attempts", -1),
        ("x-retry-attempts", 2**62),
        ("x-retry-attempts", "three"),
        ("x-retry-attempts", True),
        ("$set", "x"),
        ("a.b", {"$gt": ""}),
        ("", ""),
        ("x" * 200, "y" * 100_000),
        ("nul\0", "nul\0"),
        ("half \ud800", "fine"),
    ],
)
def test_any_header_is_taken(fakes: Fakes, name: str, value: Any) -> None:
    run(fakes, record(b"?", **{**DIED, name: value}))
    [letter] = buried(fakes)
    assert letter.body == b"?"
    assert isinstance(letter.reason, DeadReason)
    assert 0 <= letter.attempts < 10**7
    assert 0 < len(letter.error) <= 1024
    for text, kept in letter.headers.items():
        assert len(text.encode()) <= 128
        assert len(str(kept)) <= 1024


def test_of_many_headers_some_are_kept(fakes: Fakes) -> None:
    run(fakes, died(b"?", **{f"x-{number}": number for number in range(1000)}))
    [letter] = buried(fakes)
    assert len(letter.headers) == 32


@given(
    st.binary(max_size=40),
    st.dictionaries(
        st.sampled_from([*DIED, "x-retry-attempts", "x-first-failed-at"]) | st.text(max_size=9),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    ),
)
def test_whatever_comes_is_kept(body: bytes, headers: dict[str, Any]) -> None:
    fakes = Fakes()
    run(fakes, queue_record(body, headers))
    [letter] = buried(fakes)
    assert letter.body == body


def test_a_store_that_is_down_gives_the_batch_back(fakes: Fakes) -> None:
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        run(fakes, died(b"?"))


def test_an_empty_batch_is_nothing(fakes: Fakes) -> None:
    run(fakes)
    assert buried(fakes) == []


def test_a_message_that_names_several_is_a_dead_letter_for_each(fakes: Fakes) -> None:
    adas, bobs = sent(fakes), sent(fakes, BOB)
    run(fakes, died({"notificationIds": [adas, bobs]}))
    letters = {each.notification_id: each for each in buried(fakes)}
    assert {id_: each.user_id for id_, each in letters.items()} == {adas: ADA, bobs: BOB}
    assert json.loads(letters[adas].body) == {"notificationId": adas}
    run(fakes, died({"notificationId": bobs}))
    assert len(buried(fakes)) == 2


def test_of_several_taken_away_those_in_the_outbox_are_no_dead_letters(fakes: Fakes) -> None:
    run(fakes, record({"notificationIds": [sent(fakes), "unknown"]}))
    assert [each.notification_id for each in buried(fakes)] == ["unknown"]


def test_a_chunk_that_was_taken_away_is_no_dead_letter(fakes: Fakes) -> None:
    origin = {"x-last-death-queue": "belfry.fanout"}
    run(fakes, record({"broadcastId": "b", "chunk": 1}, **origin))
    assert buried(fakes) == []
