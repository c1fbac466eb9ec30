"""Mass reconnects in the simulation: nobody is lost, and nothing is faster than a quota."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.scale.crowd import Retries
from infra.scale.quotas import Quotas
from infra.scale.reconnect import POLLS_AT_ONCE, reconnect

PLENTY = 1e9


@given(
    devices=st.integers(1, 50_000),
    longest=st.sampled_from([1.0, 15.0, 60.0]),
    jitter=st.booleans(),
    polls=st.sampled_from([None, 1, 2]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_everybody_is_connected_waiting_or_polling(
    devices: int, longest: float, jitter: bool, polls: int | None, seed: int
) -> None:
    retries = Retries(longest=longest, jitter=jitter, polls=polls)

    told = reconnect(devices, retries, Quotas(), seed=seed, longest=120)

    assert told.connected + told.waiting + told.polling[-1] == devices
    assert told.curve == sorted(told.curve)


@given(devices=st.integers(500, 50_000), connections=st.integers(50, 5_000))
@settings(max_examples=40)
def test_no_more_connect_than_the_quota_lets_in(devices: int, connections: int) -> None:
    quotas = Quotas(connections=connections)

    told = reconnect(devices, Retries(), quotas, longest=100)

    for seconds, connected in enumerate(told.curve, start=1):
        # A share of each cohort is rounded by chance, by one at most.
        assert connected <= seconds * (connections + 12)


def test_with_requests_in_plenty_the_connections_are_the_limit() -> None:
    devices = 60_000
    quotas = Quotas(requests=PLENTY, burst=PLENTY)

    told = reconnect(devices, Retries(1, 1, jitter=False), quotas)

    assert told.at(1) == pytest.approx(devices / quotas.connections, rel=0.03)
    assert told.troubled() == 0


def test_without_limits_all_are_back_at_once() -> None:
    told = reconnect(10_000, Retries(), Quotas(PLENTY, PLENTY, PLENTY))

    assert told.at(1) == 1
    assert told.requests == 30_000  # a ticket, a handshake and a sync each


def test_without_jitter_they_come_in_the_same_second_for_ever() -> None:
    devices = 100_000

    herd = reconnect(devices, Retries(jitter=False), Quotas(), longest=600)
    spread = reconnect(devices, Retries(), Quotas(), longest=600)

    assert spread.connected == devices
    assert herd.connected < devices / 10


def test_longer_waits_bring_a_million_back() -> None:
    soon, now, late = (
        reconnect(1_000_000, Retries(longest=longest), Quotas(), longest=2_400).connected
        for longest in (15, 60, 300)
    )

    assert soon < 150_000 < now < 500_000
    assert late == 1_000_000


def test_who_finds_no_poll_free_tries_sockets_again() -> None:
    """Requests in plenty, so that handshakes are refused and tickets are not."""
    quotas = Quotas(requests=PLENTY, burst=PLENTY)

    told = reconnect(60_000, Retries(polls=2), quotas)

    assert max(told.polling) > POLLS_AT_ONCE, "some have asked, and are refused"
    assert max(told.polling[60:]) < 1_000
    assert told.at(0.99) < 1.2 * 60_000 / quotas.connections


def test_who_is_refused_tickets_does_not_poll() -> None:
    quotas = Quotas(requests=100, burst=1, connections=PLENTY)

    told = reconnect(10_000, Retries(longest=1, polls=2), quotas, longest=60)

    # Two handshakes refused in a row, with a ticket for each, are one in ten thousand.
    assert max(told.polling) < 50


def test_the_same_seed_reconnects_the_same() -> None:
    first, second = (reconnect(30_000, Retries(polls=2), Quotas(), seed=4) for _ in range(2))

    assert first == second
