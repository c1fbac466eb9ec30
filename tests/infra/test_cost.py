"""What an estimate keeps to, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace
from math import isclose, isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spec import load_spec
from infra import prices
from infra.cost import Case, Habits, Load, Measured, Wiring, estimate
from infra.cost.functions import dispatching
from infra.cost.savings import savings
from infra.cost.sizes import cluster
from infra.prices import Price

ROOT = Path(__file__).resolve().parents[2]
WIRING = Wiring.of(load_spec(ROOT / "openapi.yaml"))
MEASURED = Measured.read(ROOT / "docs" / "benchmarks.json")
EVERY_PRICE = [each for each in vars(prices).values() if isinstance(each, Price)]


def case(load: Load | None = None) -> Case:
    return Case(load or Load(), WIRING, MEASURED)


loads = st.builds(
    Load,
    users=st.integers(1, 100_000_000),
    online=st.floats(0, 1),
    notifications=st.just(0.0) | st.floats(1, 1e10),
    devices=st.floats(0, 10),
    kept_days=st.integers(1, 1000),
)
factors = st.floats(1, 100)


@given(loads)
def test_nothing_is_negative_or_without_end(load: Load) -> None:
    now = estimate(case(load))
    assert all(usd >= 0 and isfinite(usd) for usd in now.services.values())
    assert all(use.invocations >= 0 and use.milliseconds >= 0 for use in now.functions)


@given(loads)
def test_the_services_are_the_sum_of_their_items(load: Load) -> None:
    now = estimate(case(load))
    assert isclose(now.usd, sum(item.usd for item in now.items) + now.cluster.usd)
    assert isclose(now.usd, sum(now.services.values()))


@given(loads)
def test_the_millions_together_cost_the_month(load: Load) -> None:
    now = estimate(case(load))
    millions = load.notifications * 730 / 24 / 1e6
    assert now.per_million == 0 if not millions else isclose(now.per_million * millions, now.usd)


@given(loads, factors)
def test_more_people_never_cost_less(load: Load, factor: float) -> None:
    more = replace(load, users=round(load.users * factor))
    assert estimate(case(more)).usd >= estimate(case(load)).usd * (1 - 1e-9)


@given(loads, factors)
def test_more_people_who_get_as_much_each_never_cost_less(load: Load, factor: float) -> None:
    more = load.with_users(round(load.users * factor))
    assert estimate(case(more)).usd >= estimate(case(load)).usd * (1 - 1e-9)


@given(loads, factors)
def test_keeping_longer_never_costs_less(load: Load, factor: float) -> None:
    longer = replace(load, kept_days=round(load.kept_days * factor))
    assert cluster(case(longer)).usd >= cluster(case(load)).usd


@given(loads)
def test_a_batch_holds_what_comes_while_one_is_delivered(load: Load) -> None:
    how = dispatching(case(load))
    assert 1 <= how.batch <= WIRING.batch
    assert how.queues >= WIRING.shards
    a_month = load.notifications * 730 / 24
    assert how.invocations * how.batch == pytest.approx(a_month)
    # One at a time per queue: together they cannot work for longer than a month, but for singles.
    if how.batch > 1:
        assert how.invocations * how.milliseconds <= how.queues * 730 * 3600 * 1000 * (1 + 1e-6)


@given(st.sampled_from(EVERY_PRICE), st.floats(0, 1e13), st.floats(0, 1e13))
def test_a_price_grows_with_the_quantity(price: Price, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert 0 <= price.of(less) <= price.of(more)
    assert price.of(more) <= more * price.tiers[0][1] * (1 + 1e-9)


@pytest.mark.parametrize("price", EVERY_PRICE, ids=lambda price: price.name)
def test_a_price_says_where_it_is_from(price: Price) -> None:
    assert price.page.startswith("https://")
    assert price.read
    assert price.state
    assert [start for start, _ in price.tiers] == sorted(start for start, _ in price.tiers)
    assert price.tiers[0][0] == 0


def test_tiers_are_charged_each_at_its_own_price() -> None:
    assert prices.HTTP_REQUEST.of(300e6) == pytest.approx(300)
    assert prices.HTTP_REQUEST.of(400e6) == pytest.approx(390)
    # The example of the source that the tiers of logs are from: 60 TB cost $12,500.
    assert prices.LOG_GB.of(60_000) == pytest.approx(12_500)


def test_nobody_costs_what_stands_around() -> None:
    now = estimate(case(Load(users=1, online=0, notifications=0)))
    assert now.services["API Gateway, HTTP"] == 0
    assert now.services["Amazon MQ"] > 200
    assert now.per_million == 0


def test_each_default_saves_and_each_choice_would() -> None:
    found = {each.what: each for each in savings(estimate(case(Load().with_users(1_000_000))))}
    seconds = found.pop("sweeps look every second")
    assert seconds.usd < 0
    assert all(each.usd >= 0 for each in found.values())
    assert {each.what for each in found.values() if each.usd > 100} >= {
        "tabs that nobody sees disconnect",
        "batches of up to 500",
        "the authorizer's answer counts for 60 s",
        "arm64",
    }


def test_what_a_default_saves_is_the_difference_to_the_case_without_it() -> None:
    now = estimate(case())
    arm = next(each for each in savings(now) if each.what == "arm64")
    seconds = sum(use.gigabyte_seconds for use in now.functions)
    assert arm.usd == pytest.approx(seconds * (0.0000166667 - 0.0000133334))


def test_a_frame_of_more_than_32_kilobytes_is_two_messages() -> None:
    habits = replace(Habits(), frame_bytes=32 * 1024)
    alone = replace(case(), habits=habits, notifications_per_frame=1.0)
    fits = estimate(alone)
    split = estimate(replace(alone, habits=replace(habits, frame_bytes=32 * 1024 + 1)))
    pushes = 1_000_000 * (730 / 24) * 0.1 * 1.5
    more = split.services["API Gateway, WebSocket"] - fits.services["API Gateway, WebSocket"]
    assert more == pytest.approx(pushes / 1e6)
