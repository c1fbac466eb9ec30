"""What the port `IdempotencyKeys` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from belfry.idempotency import KEPT, Key, Record
from belfry.model import new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB
from tests.fakes import NOON

KEY = Key(ADA, "order-42", b"request")
OTHER_REQUEST = Key(ADA, "order-42", b"another")
ANSWER = {"statusCode": 201, "headers": {"location": "/x"}, "body": '{"data":{"$a.b":"\\u0000"}}'}
UNTIL = NOON + timedelta(seconds=60)


def test_an_unused_key_is_the_claimers(parts: Deps) -> None:
    claimed = parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    assert claimed == Record(b"request", reserved_id="1", holder="1")


@pytest.mark.parametrize("key", [KEY, OTHER_REQUEST], ids=["the same request", "another"])
def test_a_claimed_key_stays_with_its_holder(parts: Deps, key: Key) -> None:
    first = parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    assert parts.idempotency_keys.claim(key, "2", UNTIL - timedelta(seconds=1), UNTIL) == first


def test_keys_belong_to_their_callers(parts: Deps) -> None:
    keys = [KEY, Key(BOB, KEY.key, KEY.fingerprint), Key(ADA, "$order.42", KEY.fingerprint)]
    holders = [parts.idempotency_keys.claim(key, key.user_id, NOON, UNTIL).holder for key in keys]
    assert holders == [ADA, BOB, ADA]


def test_an_answer_is_kept_for_everybody_who_asks_again(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    parts.idempotency_keys.keep(KEY, "1", ANSWER)
    for later in (NOON, UNTIL, NOON + KEPT - timedelta(milliseconds=1)):
        found = parts.idempotency_keys.claim(KEY, "2", later, later + timedelta(seconds=60))
        assert found == Record(b"request", "1", "1", ANSWER)


def test_a_holder_whose_time_is_over_is_followed_and_the_reserved_id_stays(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    other = parts.idempotency_keys.claim(OTHER_REQUEST, "2", UNTIL, UNTIL)
    assert other.holder == "1"
    second = parts.idempotency_keys.claim(KEY, "3", UNTIL, UNTIL + timedelta(seconds=60))
    assert second == Record(b"request", reserved_id="1", holder="3")


def test_a_released_key_is_taken_at_once_by_the_same_request_only(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    parts.idempotency_keys.release(KEY, "1", NOON)
    assert parts.idempotency_keys.claim(OTHER_REQUEST, "2", NOON, UNTIL).holder == "1"
    second = parts.idempotency_keys.claim(KEY, "3", NOON, UNTIL)
    assert second == Record(b"request", reserved_id="1", holder="3")


def test_a_forgotten_key_may_be_used_for_anything(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    parts.idempotency_keys.forget(KEY, "1")
    assert parts.idempotency_keys.claim(OTHER_REQUEST, "2", NOON, UNTIL).reserved_id == "2"


def test_who_has_lost_the_key_changes_nothing(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    second = parts.idempotency_keys.claim(KEY, "2", UNTIL, UNTIL + timedelta(seconds=60))
    parts.idempotency_keys.keep(KEY, "1", ANSWER)
    parts.idempotency_keys.release(KEY, "1", NOON)
    parts.idempotency_keys.forget(KEY, "1")
    assert parts.idempotency_keys.claim(KEY, "3", UNTIL, UNTIL) == second


def test_after_a_day_the_key_is_new(parts: Deps) -> None:
    parts.idempotency_keys.claim(KEY, "1", NOON, UNTIL)
    parts.idempotency_keys.keep(KEY, "1", ANSWER)
    later = NOON + KEPT
    found = parts.idempotency_keys.claim(OTHER_REQUEST, "2", later, later)
    assert found == Record(b"another", reserved_id="2", holder="2")


def test_of_many_at_once_one_gets_the_key(parts: Deps) -> None:
    holders = [new_id() for _ in range(32)]
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda each: parts.idempotency_keys.claim(KEY, each, NOON, UNTIL), holders)
        )
    assert len({record.holder for record in found}) == 1
    assert len({record.reserved_id for record in found}) == 1
