"""What AWS grants an account in a region, unless it is asked for more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """Per second, except where said otherwise. All of them can be raised, but for the burst.

    Sources: API Gateway developer guide, "Amazon API Gateway quotas" and "Quotas for configuring
    and running a WebSocket API".
    """

    requests: float = 10_000
    """HTTP and WebSocket APIs and calls of @connections together (2,500 in some newer regions)."""
    burst: float = 5_000
    """The most that the token bucket holds: follows from the rate, and cannot be asked for."""
    connections: float = 500
    """New WebSockets. With two hours at most for each, 3,600,000 can be open."""

    def raised(self, times: float) -> Quotas:
        """All of them, so many times as large."""
        return Quotas(self.requests * times, self.burst * times, self.connections * times)


VCPU_MEGABYTES = 1_769
"""So much memory of a function comes with one processor, and less with a share of it.

Source: Lambda developer guide, "Configure Lambda function memory".
"""

BATCHES_AT_ONCE = 1
"""Per queue of Amazon MQ for RabbitMQ: one execution environment per event source mapping.

Source: Lambda developer guide, "Using Lambda with Amazon MQ". Support can raise it by mapping.
"""
