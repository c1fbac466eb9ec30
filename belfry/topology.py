"""The names on the broker: which queue is whose, and the headers that messages carry.

A person always has the same delivery queue (shard), so what is for one person stays in order.
"""

from zlib import crc32

SHARDS = 2
"""Amazon MQ invokes the dispatcher with one batch at a time per queue, so this is its parallelism.

In one process fewer are faster: their batches are larger, and they share its interpreter. Two keep
an endpoint that hangs from holding up everybody.
"""

DEAD_LETTERS = "belfry.dead"
ATTEMPTS_HEADER = "x-retry-attempts"
REASON_HEADER = "x-dead-reason"


def delivery_queues(shards: int = SHARDS) -> tuple[str, ...]:
    """The queues that the dispatcher is triggered by, one per shard."""
    return tuple(f"belfry.deliver.{shard}" for shard in range(shards))


def delivery_queue(user_id: str, shards: int = SHARDS) -> str:
    """The queue of a person's shard. CRC-32 gives every process the same answer for ever."""
    return f"belfry.deliver.{crc32(user_id.encode()) % shards}"
