"""What the port `DeadLetters` promises: one record per message, found by an index, never half."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.dead_letters import BATCH_BYTES
from belfry.burial import MOST_BODY_BYTES
from belfry.model import DeadLetter, DeadLetterFilter, DeadReason, DeliveryState, first_id_of
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, LATER, arrived, dead_letter, sent
from tests.fakes import NOON

ALL = DeadLetterFilter()
SECOND = timedelta(seconds=1)


def buried(parts: Deps, count: int = 1, **fields: Any) -> list[DeadLetter]:
    letters = [dead_letter(**fields) for _ in range(count)]
    parts.dead_letters.bury(letters)
    return letters


def listed(parts: Deps, which: DeadLetterFilter = ALL) -> list[str]:
    return [letter.id for letter in parts.dead_letters.page(which, before=None, limit=100)]


def ids(letters: Sequence[DeadLetter]) -> list[str]:
    return [letter.id for letter in letters]


@pytest.mark.parametrize(
    "letter",
    [
        dead_letter(),
        dead_letter(b""),
        dead_letter(b"\xff\0" * 1000, notification_id="n", user_id=ADA, attempts=3, times=7),
        dead_letter(headers={"$set": "x", "a.b": 1, "": "", "nul\0": "nul\0", "big": 2**70}),
        dead_letter(error="🎉 \u2028 \0", queue="", reason=DeadReason.DELIVERY_LIMIT),
        dead_letter(b"cut", size=20_000_000),
        dead_letter(b"x" * MOST_BODY_BYTES),
    ],
    ids=range(7),
)
def test_every_field_comes_back_as_it_was(parts: Deps, letter: DeadLetter) -> None:
    parts.dead_letters.bury([letter])
    assert parts.dead_letters.get(letter.id) == letter
    assert parts.dead_letters.oldest(ALL, after=None, limit=1) == [letter]
    [shown] = parts.dead_letters.page(ALL, before=None, limit=1)
    assert shown == replace(letter, body=b"", headers={})


def test_one_that_is_not_there_is_none(parts: Deps) -> None:
    assert parts.dead_letters.get("unknown") is None


def test_the_same_death_told_twice_counts_once(parts: Deps) -> None:
    [letter] = buried(parts)
    parts.dead_letters.bury([letter, dead_letter(fingerprint=letter.fingerprint)])
    assert parts.dead_letters.get(letter.id) == letter
    assert listed(parts) == [letter.id]


def test_a_later_death_changes_what_is_known_of_the_last_one_only(parts: Deps) -> None:
    [letter] = buried(parts)
    change: dict[str, Any] = {"attempts": 3, "error": "again", "reason": DeadReason.PUSH_FAILED}
    later = dead_letter(
        fingerprint=letter.fingerprint, first_at=LATER, last_at=NOON + SECOND, **change
    )
    earlier = dead_letter(fingerprint=letter.fingerprint, last_at=NOON - SECOND)
    parts.dead_letters.bury([later, earlier, later])
    assert parts.dead_letters.get(letter.id) == replace(
        letter, last_at=NOON + SECOND, times=2, **change
    )


def test_copies_in_one_batch_are_one(parts: Deps) -> None:
    deaths = [
        dead_letter(fingerprint="same", last_at=NOON + number * SECOND) for number in range(3)
    ]
    parts.dead_letters.bury([*deaths, deaths[2]])
    [letter] = parts.dead_letters.page(ALL, before=None, limit=10)
    assert (letter.id, letter.times) == (deaths[0].id, 3)


def test_burying_none_is_no_failure(parts: Deps) -> None:
    parts.dead_letters.bury([])
    assert parts.dead_letters.remove([]) == 0
    assert listed(parts) == []


def test_several_at_once_bury_the_same_message_once(empty_database: Database) -> None:
    parts = Deps(database=empty_database)
    copies = [dead_letter(fingerprint=str(number)) for number in range(30) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda letter: parts.dead_letters.bury([letter]), copies))
    letters = parts.dead_letters.page(ALL, before=None, limit=100)
    assert [letter.times for letter in letters] == [1] * 30


def test_pages_lead_from_the_newest_to_the_oldest(parts: Deps) -> None:
    letters = buried(parts, 7)
    seen: list[str] = []
    before = None
    while found := parts.dead_letters.page(ALL, before=before, limit=3):
        assert len(found) <= 3
        seen += ids(found)
        before = found[-1].id
    assert seen == ids(letters)[::-1]


def test_the_oldest_come_first_and_lead_to_the_newest(parts: Deps) -> None:
    letters = buried(parts, 7)
    seen: list[str] = []
    after = None
    while found := parts.dead_letters.oldest(ALL, after=after, limit=3):
        seen += ids(found)
        after = found[-1].id
    assert seen == ids(letters)


def test_large_ones_come_a_few_at_a_time_and_one_at_least(parts: Deps) -> None:
    third = BATCH_BYTES // 3
    letters = [dead_letter(b"x" * third) for _ in range(4)]
    larger = dead_letter(b"x" * (BATCH_BYTES + 1))
    parts.dead_letters.bury([*letters, larger])
    assert ids(parts.dead_letters.oldest(ALL, after=None, limit=10)) == ids(letters[:3])
    last = parts.dead_letters.oldest(ALL, after=letters[3].id, limit=10)
    assert ids(last) == [larger.id]


def some_of_each(parts: Deps) -> list[DeadLetter]:
    """Two seconds apart, so that a time tells them apart."""
    letters = []
    for number in range(12):
        id_ = first_id_of(NOON + number * 2 * SECOND)
        reason = [DeadReason.UNREADABLE, DeadReason.PUSH_FAILED][number % 2]
        user_id = [ADA, BOB, None][number % 3]
        letters.append(dead_letter(id=id_, reason=reason, user_id=user_id))
    parts.dead_letters.bury(letters)
    return letters


@pytest.mark.parametrize("user_id", [None, ADA])
@pytest.mark.parametrize("reason", [None, DeadReason.PUSH_FAILED])
@pytest.mark.parametrize("since", [None, NOON + 6 * SECOND])
@pytest.mark.parametrize("until", [None, NOON + 18 * SECOND])
def test_a_filter_chooses_those_that_match_all_of_it(
    parts: Deps, user_id: Any, reason: Any, since: Any, until: Any
) -> None:
    letters = some_of_each(parts)
    which = DeadLetterFilter(reason, user_id, since, until)
    expected = [
        letter.id
        for letter in letters
        if user_id in (None, letter.user_id)
        and reason in (None, letter.reason)
        and (since is None or letter.buried_at >= since)
        and (until is None or letter.buried_at < until)
    ]
    assert 0 < len(expected) <= 12
    assert listed(parts, which) == expected[::-1]
    assert ids(parts.dead_letters.oldest(which, after=None, limit=100)) == expected
    assert parts.dead_letters.count(which) == len(expected)
    half = letters[5].id
    page = parts.dead_letters.page(which, before=half, limit=100)
    assert ids(page) == [id_ for id_ in expected if id_ < half][::-1]
    rest = parts.dead_letters.oldest(which, after=half, limit=100)
    assert ids(rest) == [id_ for id_ in expected if id_ > half]


@pytest.mark.parametrize("user_id", [None, ADA])
@pytest.mark.parametrize("reason", [None, DeadReason.PUSH_FAILED])
@pytest.mark.parametrize("since", [None, NOON + 6 * SECOND])
def test_every_filter_reads_no_more_than_it_shows(
    database: Database, user_id: Any, reason: Any, since: Any
) -> None:
    """The profiler of the server itself sees each query as it was run."""
    parts = Deps(database=database)
    some_of_each(parts)
    which = DeadLetterFilter(reason, user_id, since, NOON + 20 * SECOND)
    database.users.database.command("profile", 2)
    shown = len(parts.dead_letters.page(which, before=first_id_of(LATER), limit=2))
    shown_oldest = len(parts.dead_letters.oldest(which, after=first_id_of(NOON), limit=2))
    count = parts.dead_letters.count(which)
    database.users.database.command("profile", 0)
    entries = list(database.users.database["system.profile"].find().sort("ts"))
    assert not any("COLLSCAN" in entry["planSummary"] for entry in entries)
    assert not any(entry.get("hasSortStage") for entry in entries)
    page, oldest, counting = entries
    assert (page["docsExamined"], oldest["docsExamined"]) == (shown, shown_oldest)
    assert counting["keysExamined"] <= count + 1


def test_what_is_removed_is_gone_and_the_others_stay(parts: Deps) -> None:
    first, second, third = buried(parts, 3)
    assert parts.dead_letters.remove([first, third, dead_letter()]) == 2
    assert listed(parts) == [second.id]
    assert parts.dead_letters.remove([first]) == 0


def test_what_died_again_since_it_was_read_is_not_removed(parts: Deps) -> None:
    [letter] = buried(parts)
    parts.dead_letters.bury([replace(letter, last_at=NOON + SECOND)])
    assert parts.dead_letters.remove([letter]) == 0
    [read] = parts.dead_letters.page(ALL, before=None, limit=1)
    assert parts.dead_letters.remove([read]) == 1


@pytest.mark.parametrize("end", ["settle", "give up", None])
def test_what_is_reopened_is_on_its_way_again(parts: Deps, end: str | None) -> None:
    [id_] = arrived(parts)
    if end == "settle":
        parts.outbox.settle([id_])
    elif end == "give up":
        parts.outbox.give_up([id_], "no use")
    parts.outbox.reopen([id_, "unknown"], LATER)
    assert parts.outbox.states([id_, "unknown"]) == {id_: DeliveryState.QUEUED}
    [waiting] = parts.outbox.claim(LATER, LATER + SECOND, 10)
    assert waiting.id == id_
    # Its devices are told of it again, by the number that it has.
    [again], _ = parts.inboxes.append([id_], LATER)
    assert (again.event.seq, again.event.ids) == (1, (id_,))
    parts.outbox.settle([id_])
    assert parts.outbox.states([id_]) == {id_: DeliveryState.DISPATCHED}


def test_reopening_none_is_no_failure(parts: Deps) -> None:
    notification = sent(parts)
    parts.outbox.reopen([], LATER + SECOND)
    parts.outbox.reopen(["unknown"], LATER + SECOND)
    assert parts.outbox.states([]) == {}
    assert parts.outbox.states([notification.id]) == {notification.id: DeliveryState.QUEUED}
