"""The schedule of faults: the same for a seed, every kind on every part, within its time."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from tests.chaos.faults import MONGODB, PARTS, RABBITMQ, RUNNERS, Kind, schedule

SECONDS = 180.0
SEEDS = range(10)


def test_a_seed_gives_the_same_faults_again_and_another_gives_others() -> None:
    assert schedule(7, SECONDS) == schedule(7, SECONDS)
    assert schedule(7, SECONDS) != schedule(8, SECONDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_three_minutes_every_kind_strikes_every_part(seed: int) -> None:
    faults = schedule(seed, SECONDS)

    struck = {(each.kind, "runner" if each.part in RUNNERS else each.part) for each in faults}
    assert struck == set(product(Kind, ("runner", MONGODB, RABBITMQ)))
    assert len(faults) >= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_come_in_order_within_the_run_and_sometimes_together(seed: int) -> None:
    faults = schedule(seed, SECONDS)

    times = [fault.at for fault in faults]
    assert times == sorted(times)
    assert times[0] >= 8
    assert times[-1] <= SECONDS - 12
    together = [
        (first, second) for first, second in pairwise(faults) if second.at - first.at <= 1.6
    ]
    assert together
    assert all(first.part != second.part for first, second in together)


def test_both_runners_are_struck_together_by_some_seed() -> None:
    assert any(
        {first.part, second.part} == set(RUNNERS) and second.at - first.at <= 1.6
        for seed in range(100)
        for first, second in pairwise(schedule(seed, SECONDS))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_only_a_pause_lasts(seed: int) -> None:
    for fault in schedule(seed, SECONDS):
        assert fault.part in PARTS
        assert (2 <= fault.lasts <= 6) if fault.kind is Kind.PAUSE else fault.lasts == 0


def test_a_short_run_has_a_fault_too() -> None:
    assert len(schedule(1, 30.0)) == 1
