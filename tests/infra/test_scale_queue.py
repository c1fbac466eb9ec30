"""The simulation's queues and rates, against what can be worked out by hand."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from infra.scale.bucket import TokenBucket
from infra.scale.delivery import delivery
from infra.scale.quotas import Quotas
from infra.scale.rates import Line, Network, NoRates, Rates, processors, rates
from infra.scale.system import Deployment, Servers, Steps, System

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.json"
NOWHERE = Network(round_trip=0, majority=0, push=0, hop=0, post=0)
INSTANT = Rates(Line(0, 0), Line(0, 0), 0, 0, 0, NOWHERE)


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.8])
def test_one_server_makes_people_wait_as_an_m_d_1_queue_does(busy: float) -> None:
    work, count = 0.01, 60_000
    env, chance = simpy.Environment(), random.Random(1)
    server, waits = Servers(env, 1), []

    def arrivals() -> Steps:
        for _ in range(count):
            yield env.timeout(chance.expovariate(busy / work))
            waits.append(server.seconds(work) - work)

    env.process(arrivals())
    env.run()

    pollaczek_khinchine = busy * work / (2 * (1 - busy))
    assert sum(waits) / count == pytest.approx(pollaczek_khinchine, rel=0.08)


def test_as_many_servers_do_as_much_at_once() -> None:
    servers = Servers(simpy.Environment(), 3)

    assert [servers.seconds(1.0) for _ in range(7)] == [1, 1, 1, 2, 2, 2, 3]


@given(
    rate=st.floats(1, 20_000),
    burst=st.floats(1, 10_000),
    turns=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 40_000)), max_size=30),
)
def test_a_bucket_gives_no_more_than_it_had_and_gained(
    rate: float, burst: float, turns: list[tuple[int, int]]
) -> None:
    env = simpy.Environment()
    bucket = TokenBucket(env, rate, burst)
    granted = 0
    for hundredths, wanted in turns:
        env.run(until=env.now + hundredths / 100)
        took = bucket.take(wanted)
        assert 0 <= took <= wanted
        granted += took
    assert granted <= burst + rate * env.now + 1e-6


def test_the_same_seed_delivers_the_same() -> None:
    measured = rates(BENCHMARKS)

    first, second, other = (
        delivery(200, Deployment(), measured, seconds=2, seed=seed).seconds for seed in (5, 5, 6)
    )

    assert first == second
    assert first != other


def test_an_idle_system_takes_the_time_of_its_parts() -> None:
    post, hop, push = 0.04, 0.02, 0.015
    each = Rates(Line(0.1, 0), Line(0.2, 0), 0, 0, 0, Network(0, 0, push, hop, post))

    told = delivery(0.2, Deployment(megabytes=1_769), each, seconds=30, seed=3)

    assert told.seconds
    assert min(told.seconds) == pytest.approx(post + hop + 0.1 + 0.2 + push, abs=0.03)


@given(rate=st.integers(1, 400), shards=st.integers(1, 8), seed=st.integers(0, 99))
def test_every_post_ends_somewhere(rate: int, shards: int, seed: int) -> None:
    measured = rates(BENCHMARKS)

    told = delivery(rate, Deployment(shards=shards), measured, seconds=1, seed=seed)

    assert told.waiting >= 0
    assert told.posts == (len(told.seconds) + told.posts_refused + told.given_up + told.waiting)


def test_of_twice_the_quota_more_than_half_stay_outside() -> None:
    quotas = Quotas(requests=500, burst=1)

    told = delivery(1_000, Deployment(quotas=quotas), INSTANT, seconds=5, seed=1)

    # Each that passes needs a second request, of its push, from the same bucket.
    assert told.posts_refused / told.posts > 0.5


def test_what_a_turn_is_refused_passes_after_pauses() -> None:
    quotas, took = Quotas(requests=200, burst=10), []
    system = System(Deployment(quotas=quotas), INSTANT, seed=1)

    def batch() -> Steps:
        took.append((yield from system.deliver(32, 32)))

    system.env.process(batch())
    system.env.run()

    assert took == [32]
    assert system.env.now >= 22 / quotas.requests


def test_less_memory_is_a_share_of_a_processor() -> None:
    assert processors(1_769) == processors(3_008) == 1.0
    assert processors(1_769 / 4) == 0.25


def test_the_rates_are_those_of_the_benchmarks() -> None:
    measured = rates(BENCHMARKS)
    figures = {each["name"]: each for each in json.loads(BENCHMARKS.read_text())["figures"]}
    whole = figures["deliver 500 notifications"]

    both = measured.deliver_processor.of(500) + measured.deliver_database.of(500)

    assert both == pytest.approx(whole["value"] / 1e3)
    assert measured.deliver_processor.of(500) == pytest.approx(whole["reference_value"] / 1e3)


def test_benchmarks_without_the_figures_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "benchmarks.json"
    empty.write_text('{"figures": []}')

    with pytest.raises(NoRates, match="deliver 1 notification"):
        rates(empty)
    with pytest.raises(NoRates, match=r"nowhere\.json"):
        rates(tmp_path / "nowhere.json")
