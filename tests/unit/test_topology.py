"""The topology as data: whoever publishes finds an exchange, and whoever waits comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from belfry.retry import RetryPolicy
from belfry.topology import (
    DEAD_LETTERS,
    EXCHANGE,
    FAN_OUT,
    UNREADABLE,
    Binding,
    delivery_queues,
    topology,
    wait_exchange,
)

policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(0, 10),
    first_delay=st.sampled_from([0.0, 0.05, 0.1, 1.0, 60.0]) | st.floats(0.01, 3600),
)


@given(policies, st.integers(1, 8))
def test_names_are_unique_and_bindings_lead_from_one_to_another(
    retry: RetryPolicy, shards: int
) -> None:
    wanted = topology(retry, shards)
    exchanges = [exchange.name for exchange in wanted.exchanges]
    queues = [queue.name for queue in wanted.queues]
    assert len(set(exchanges)) == len(exchanges)
    assert len(set(queues)) == len(queues)
    for binding in wanted.bindings:
        assert binding.exchange in exchanges
        assert binding.queue in queues
    assert set(queues) == {binding.queue for binding in wanted.bindings}
    for queue in wanted.queues:
        assert queue.arguments.get("x-dead-letter-exchange", EXCHANGE) in exchanges


@given(policies)
def test_each_delay_has_a_queue_of_its_own_that_leads_back_under_the_same_routing_key(
    retry: RetryPolicy,
) -> None:
    wanted = topology(retry)
    queues = {queue.name: queue.arguments for queue in wanted.queues}
    for delay in retry.delays:
        if delay == 0:
            continue  # published at once
        arguments = queues[wait_exchange(delay)]
        assert arguments["x-message-ttl"] == round(delay * 1000)
        assert arguments["x-dead-letter-exchange"] == EXCHANGE
        assert "x-dead-letter-routing-key" not in arguments
        assert Binding(wait_exchange(delay), wait_exchange(delay)) in wanted.bindings


def test_the_defaults_are_those_of_the_design() -> None:
    names = [queue.name for queue in topology(RetryPolicy()).queues]
    waits = ["belfry.wait.1s", "belfry.wait.5s", "belfry.wait.25s"]
    assert names == [*delivery_queues(), FAN_OUT, DEAD_LETTERS, UNREADABLE, *waits]


def test_what_the_broker_takes_away_is_a_dead_letter_and_nothing_is_dropped() -> None:
    queues = {queue.name: queue.arguments for queue in topology(RetryPolicy()).queues}
    for name in (*delivery_queues(), FAN_OUT):
        assert queues[name]["x-dead-letter-routing-key"] == DEAD_LETTERS
    assert queues[DEAD_LETTERS]["x-dead-letter-exchange"] == UNREADABLE
    assert all(arguments["x-queue-type"] == "quorum" for arguments in queues.values())
    assert not any("x-max-length" in arguments for arguments in queues.values())
