"""system.statistics, and the rules of its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.model import Connection, DeadReason, Role
from belfry.ports import Message, PushResult
from belfry.statistics import BOUNDS_MS, BUCKET, bucket_of, class_of, history, percentile
from functions.dispatch import deliver
from functions.notifications import create
from functions.system import statistics
from tests.contract.people import dead_letter
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event, queue_event, queue_record

MILLISECOND = timedelta(milliseconds=1)
LATENCIES = st.lists(st.floats(0.01, 100_000), min_size=1, max_size=50)


def ask(fakes: Fakes, role: Role = Role.ADMIN, **query: str) -> Answer:
    event = http_event("GET", "/api/statistics", query=query, role=role)
    return call(statistics.handler, event, fakes.deps())


def counted(milliseconds: list[float]) -> dict[int, int]:
    classes: dict[int, int] = {}
    for each in milliseconds:
        index = class_of(each * MILLISECOND)
        classes[index] = classes.get(index, 0) + 1
    return classes


@given(milliseconds=LATENCIES, share=st.floats(0.01, 1))
def test_a_percentile_is_in_the_class_of_the_true_one(
    milliseconds: list[float], share: float
) -> None:
    true = sorted(milliseconds)[max(0, ceil(share * len(milliseconds) - 1e-9) - 1)]
    index = class_of(true * MILLISECOND)
    lower, upper = (0, *BOUNDS_MS, BOUNDS_MS[-1])[index], (*BOUNDS_MS, BOUNDS_MS[-1])[index]
    assert lower <= percentile(counted(milliseconds), share) <= upper


@given(milliseconds=LATENCIES)
def test_percentiles_rise_with_their_share(milliseconds: list[float]) -> None:
    found = [percentile(counted(milliseconds), share) for share in (0.1, 0.5, 0.9, 0.99, 1)]
    assert found == sorted(found)


def test_without_latencies_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) == 0


def test_a_bucket_begins_every_ten_seconds() -> None:
    moment = datetime(2026, 1, 5, 12, 0, 19, 999_999, tzinfo=UTC)
    assert bucket_of(moment) == datetime(2026, 1, 5, 12, 0, 10, tzinfo=UTC)
    assert bucket_of(bucket_of(moment)) == bucket_of(moment)


@pytest.mark.parametrize("minutes", [1, 15, 60])
def test_there_is_a_bucket_for_all_of_the_time(fakes: Fakes, minutes: int) -> None:
    fakes.statistics.count(NOON - timedelta(minutes=minutes), accepted=1)  # just too old
    fakes.statistics.count(NOON - timedelta(minutes=minutes) + BUCKET, accepted=2)
    fakes.statistics.count(NOON, failed=3)
    found = history(fakes.statistics, now=NOON + 9 * BUCKET / 10, minutes=minutes)
    assert len(found) == minutes * 6
    assert {b.at - a.at for a, b in pairwise(found)} == {BUCKET}
    assert (found[0].accepted, found[-1].failed, found[-1].at) == (2, 3, NOON)


def test_the_answer_has_all_that_an_operator_looks_at(fakes: Fakes) -> None:
    fakes.statistics.count(NOON, accepted=4, delivered=3, failed=1, latencies=[15 * MILLISECOND])
    fakes.queue.publish([Message("belfry.deliver.1", b"1")])
    fakes.connections.add(Connection("phone=", ADA, "https://push.example.com/ws", NOON))
    fakes.dead_letters.bury([dead_letter(reason=DeadReason.UNREADABLE)])
    body = ask(fakes, minutes="1").body
    assert (body["now"], body["bucketSeconds"]) == ("2026-01-05T12:00:00.000Z", 10)
    *earlier, last = body["buckets"]
    assert last == {
        "at": "2026-01-05T12:00:00.000Z",
        "accepted": 4,
        "delivered": 3,
        "failed": 1,
        "latency": {"p50": 12.5, "p99": 14.9},
    }
    assert [each["latency"] for each in earlier] == [None] * 5
    waiting = {each["name"]: each["waiting"] for each in body["queues"]}
    assert waiting["belfry.deliver.1"] == 1
    assert waiting["belfry.dead"] == 0
    assert body["online"] == {"people": 1, "connections": 1}
    assert body["deadLetters"] == 1


def test_a_queue_that_is_down_has_no_depths(fakes: Fakes) -> None:
    fakes.queue.down = True
    answer = ask(fakes)
    assert (answer.status, answer.body["queues"]) == (200, [])


def test_it_is_for_administrators(fakes: Fakes) -> None:
    assert ask(fakes, role=Role.USER).status == 403


@pytest.mark.parametrize("minutes", ["0", "61", "x", "1.5"])
def test_more_than_an_hour_is_too_much(fakes: Fakes, minutes: str) -> None:
    answer = ask(fakes, minutes=minutes)
    assert (answer.status, answer.pointers()) == (400, ["minutes"])


def sent(fakes: Fakes, **fields: Any) -> str:
    body = {"userId": ADA, "message": "Hello", **fields}
    event = http_event("POST", "/api/notifications", body=body, caller=BOB, role=Role.ADMIN)
    event["headers"]["idempotency-key"] = "one"
    id_: str = call(create.handler, event, fakes.deps()).body["id"]
    call(create.handler, event, fakes.deps())
    return id_


def delivered(fakes: Fakes, id_: str) -> None:
    event = queue_event(queue_record({"notificationId": id_}))
    deliver.handler.using(fakes.deps())(event, None)


def test_what_is_sent_and_delivered_is_counted(fakes: Fakes) -> None:
    fakes.connections.add(Connection("phone=", ADA, "https://push.example.com/ws", NOON))
    id_ = sent(fakes)
    fakes.clock.advance(1.2)
    delivered(fakes, id_)
    [bucket] = fakes.statistics.since(NOON)
    assert (bucket.accepted, bucket.delivered, bucket.failed) == (1, 1, 0)
    assert bucket.latencies == {class_of(timedelta(seconds=1.2)): 1}


def test_what_has_to_be_pushed_again_is_not_delivered_yet(fakes: Fakes) -> None:
    for device in ("phone=", "laptop="):
        fakes.connections.add(Connection(device, ADA, "https://push.example.com/ws", NOON))
    fakes.pusher.results["phone="] = PushResult.LATER
    delivered(fakes, sent(fakes))
    [bucket] = fakes.statistics.since(NOON)
    assert (bucket.accepted, bucket.delivered, bucket.latencies) == (1, 0, {})


def test_who_has_no_device_open_has_no_latency(fakes: Fakes) -> None:
    delivered(fakes, sent(fakes))
    [bucket] = fakes.statistics.since(NOON)
    assert (bucket.delivered, bucket.latencies) == (1, {})


def test_what_is_given_up_is_counted_as_failed(fakes: Fakes) -> None:
    fakes.connections.add(Connection("phone=", ADA, "https://push.example.com/ws", NOON))
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes)
    headers = {"x-retry-attempts": fakes.retry.max_attempts}
    event = queue_event(queue_record({"notificationId": id_}, headers))
    deliver.handler.using(fakes.deps())(event, None)
    [bucket] = fakes.statistics.since(NOON)
    assert (bucket.delivered, bucket.failed, bucket.latencies) == (0, 1, {})
