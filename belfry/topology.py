"""What stands on the broker, as data: exchanges, queues, bindings; and the headers of messages.

    belfry (direct) ── belfry.deliver.0 … N-1    shards of people: what is for one stays in order
                    ├─ belfry.fanout             broadcasts, chunk by chunk
                    └─ belfry.dead               what was given up, until it is in the store
    belfry.wait.1s (fanout) ── belfry.wait.1s    a retry's delay, then back to `belfry`; 5s, 25s, …
    belfry.unreadable (fanout) ── belfry.unreadable    what not even the dead letters could take

A delay has an exchange of its own, so that a message keeps its routing key (the delivery queue that
it came from) through the wait; and a queue of its own, so that nothing waits behind a longer delay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from belfry.retry import RetryPolicy

SHARDS = 2
"""Amazon MQ invokes the dispatcher with one batch at a time per queue, so this is its parallelism.

In one process fewer are faster: their batches are larger, and they share its interpreter. Two keep
an endpoint that hangs from holding up everybody.
"""

EXCHANGE = "belfry"
FAN_OUT = "belfry.fanout"
DEAD_LETTERS = "belfry.dead"
UNREADABLE = "belfry.unreadable"

DELIVERY_LIMIT = 20
"""How often a batch may fail before the broker gives its messages up; RabbitMQ 4's own default.

Needed against a message that ends the dispatcher itself. A failing database may reach it too; then
the outbox publishes again, and the dead letters drop what is still in the outbox.
"""

DEAD_LETTERS_DELIVERY_LIMIT = 300
"""Most of an hour, with the pauses of a failing batch: a dead letter has no outbox behind it."""

ATTEMPTS_HEADER = "x-retry-attempts"
"""How many retries a message has had: a whole number."""
FIRST_FAILED_HEADER = "x-first-failed-at"
"""When its first attempt failed, RFC 3339."""
REASON_HEADER = "x-dead-reason"
"""Of a dead letter: a `belfry.model.DeadReason`."""
ERROR_HEADER = "x-dead-error"
"""Of a dead letter: the same for people, in a sentence."""
ORIGIN_HEADER = "x-dead-queue"
"""Of a dead letter: the queue it was in."""
DIED_HEADER = "x-dead-at"
"""Of a dead letter: when it was given up, RFC 3339."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange; `kind` is `direct` or `fanout`."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class BrokerQueue:
    """A durable queue with its arguments."""

    name: str
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Binding:
    """Brings what an exchange gets under a routing key into a queue."""

    exchange: str
    queue: str
    routing_key: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """All that has to be on a broker before anything is published."""

    exchanges: tuple[Exchange, ...] = field(default=())
    queues: tuple[BrokerQueue, ...] = field(default=())
    bindings: tuple[Binding, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Declared:
    """A part of the topology, whether the broker lacked it, and how many messages wait in it."""

    part: str
    was_missing: bool
    waiting: int = 0


def delivery_queues(shards: int = SHARDS) -> tuple[str, ...]:
    """The queues that the dispatcher is triggered by, one per shard."""
    return tuple(f"belfry.deliver.{shard}" for shard in range(shards))


def consumed_queues() -> tuple[str, ...]:
    """The queues that trigger functions."""
    return (*delivery_queues(), FAN_OUT, DEAD_LETTERS)


def delivery_queue(user_id: str, shards: int = SHARDS) -> str:
    """The queue of a person's shard. CRC-32 gives every process the same answer for ever."""
    return f"belfry.deliver.{crc32(user_id.encode()) % shards}"


def wait_exchange(delay: float) -> str:
    """Where to publish what shall come back after `delay` seconds; also its queue's name."""
    return f"belfry.wait.{delay:g}s"


def topology(retry: RetryPolicy, shards: int = SHARDS) -> Topology:
    """What a broker needs for these retries and shards."""
    direct = (*delivery_queues(shards), FAN_OUT, DEAD_LETTERS)
    waits = [(wait_exchange(delay), delay) for delay in retry.delays if delay > 0]
    return Topology(
        exchanges=(
            Exchange(EXCHANGE, "direct"),
            Exchange(UNREADABLE, "fanout"),
            *(Exchange(name, "fanout") for name, _ in waits),
        ),
        queues=(
            *(BrokerQueue(name, _delivery()) for name in delivery_queues(shards)),
            BrokerQueue(FAN_OUT, _delivery()),
            BrokerQueue(DEAD_LETTERS, _dead_letters()),
            BrokerQueue(UNREADABLE, _quorum()),
            *(BrokerQueue(name, _wait(delay)) for name, delay in waits),
        ),
        bindings=(
            *(Binding(EXCHANGE, name, name) for name in direct),
            Binding(UNREADABLE, UNREADABLE),
            *(Binding(name, name) for name, _ in waits),
        ),
    )


def _quorum(**arguments: str | int) -> Mapping[str, str | int]:
    """Replicated where the broker is, and safe against the loss of one node."""
    return {"x-queue-type": "quorum"} | {
        f"x-{name.replace('_', '-')}": value for name, value in arguments.items()
    }


def _delivery() -> Mapping[str, str | int]:
    return _quorum(
        delivery_limit=DELIVERY_LIMIT,
        dead_letter_routing_key=DEAD_LETTERS,
        **_dead_lettering_to(EXCHANGE),
    )


def _dead_letters() -> Mapping[str, str | int]:
    return _quorum(delivery_limit=DEAD_LETTERS_DELIVERY_LIMIT, **_dead_lettering_to(UNREADABLE))


def _wait(delay: float) -> Mapping[str, str | int]:
    """The time to live is the queue's: of single messages RabbitMQ would only look at the first."""
    return _quorum(message_ttl=round(delay * 1000), **_dead_lettering_to(EXCHANGE))


def _dead_lettering_to(exchange: str) -> Mapping[str, str | int]:
    """Confirmed from one queue to the next; RabbitMQ asks for this way of overflowing with it."""
    return {
        "dead_letter_exchange": exchange,
        "dead_letter_strategy": "at-least-once",
        "overflow": "reject-publish",
    }
