"""Broadcasts in the simulation: nobody is lost, and the limits are where arithmetic puts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.scale.broadcast import HEARTBEAT_SECONDS, broadcast
from infra.scale.quotas import Quotas
from infra.scale.rates import Line, Network, Rates, rates
from infra.scale.system import Deployment

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.json"
MEASURED = rates(BENCHMARKS)


@given(
    people=st.integers(1, 20_000),
    share=st.floats(0, 1),
    shards=st.integers(1, 20),
    queues=st.integers(1, 5),
    requests=st.sampled_from([100.0, 2_000.0, 100_000.0]),
)
@settings(max_examples=40)
def test_everybody_is_reached_or_given_up_once(
    people: int, share: float, shards: int, queues: int, requests: float
) -> None:
    connected = int(people * share)
    quotas = Quotas(requests=requests, burst=requests / 2)
    deployment = Deployment(shards=shards, fan_out_queues=queues, quotas=quotas)

    told = broadcast(people, connected, deployment, MEASURED)

    assert told.prepared == told.inboxes == people
    assert told.reached + told.given_up == connected
    reached = [count for _, count in told.curve]
    assert reached == sorted(reached)


def test_the_quota_bounds_it_at_people_by_rate() -> None:
    hop, people, rate = 0.122, 100_000, 2_000.0
    instant = Rates(Line(0, 0), Line(0, 0), 0, 0, 0, Network(0, 0, 0, hop, 0))
    # Two hops for a chunk of 500: 2.5 % more than may pass.
    deployment = Deployment(quotas=Quotas(rate + people / HEARTBEAT_SECONDS, burst=500))

    told = broadcast(people, people, deployment, instant)

    assert told.at(0.9) == pytest.approx(0.9 * people / rate, rel=0.05)
    assert told.at(1) >= (people - 500) / rate


def test_more_shards_than_the_quota_bears_use_all_of_it_and_make_no_dead_letters() -> None:
    people, rate = 100_000, 5_000.0
    deployment = Deployment(
        shards=16, fan_out_queues=4, quotas=Quotas(rate + people / HEARTBEAT_SECONDS, burst=500)
    )

    told = broadcast(people, people, deployment, MEASURED)

    assert told.given_up == 0
    assert told.refused < people / 1_000
    assert told.at(0.9) == pytest.approx(0.9 * people / rate, rel=0.05)


def test_one_fan_out_queue_bounds_it_at_a_chunk_at_a_time() -> None:
    hop, work, people = 0.05, 0.2, 50_000
    rates_ = Rates(Line(0, 0), Line(0, 0), work, 0, 0, Network(0, 0, 0, hop, 0))
    deployment = Deployment(shards=32, megabytes=1_769)

    told = broadcast(people, 0, deployment, rates_)

    chunks = people / 500
    assert told.all_inboxes_at == pytest.approx(chunks * (hop + work + hop), rel=0.02)


def test_more_of_everything_is_not_slower() -> None:
    people = 30_000
    slow = broadcast(people, people, Deployment(megabytes=512), MEASURED).at(1)

    for better in (
        Deployment(),
        Deployment(megabytes=512, shards=4),
        Deployment(fan_out_queues=2, shards=4),
    ):
        assert broadcast(people, people, better, MEASURED).at(1) < slow


def test_on_the_benchmarks_machine_it_predicts_what_was_measured_there() -> None:
    """A network of no length, and of two cores one for MongoDB: what is shared besides it cannot
    know, so it may promise half as much again, and no less than was measured.
    """
    here = rates(BENCHMARKS, Network(0, 0, 0, hop=0.001, post=0.002))
    figures = {each["name"]: each for each in json.loads(BENCHMARKS.read_text())["figures"]}
    plenty = Quotas(1e9, 1e9, 1e9)
    deployment = Deployment(megabytes=1_769, database_cores=1, quotas=plenty)

    told = broadcast(10_000, 1_000, deployment, here)

    measured = figures["broadcast to 10,000, 1,000 connected"]["value"]
    assert measured < 10_000 / told.all_inboxes_at < 1.5 * measured


def test_the_same_seed_spreads_the_same() -> None:
    first, second = (broadcast(5_000, 700, Deployment(), MEASURED, seed=9) for _ in range(2))

    assert first == second
