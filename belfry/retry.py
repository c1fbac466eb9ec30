"""When to try again, and when to give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FACTOR = 5


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_attempts` retries after the first try, each delay (seconds) five times the last."""

    max_attempts: int = 3
    first_delay: float = 1.0

    @property
    def delays(self) -> tuple[float, ...]:
        """The delay before each retry, in seconds: 1, 5, 25."""
        return tuple(self.first_delay * FACTOR**n for n in range(self.max_attempts))

    def delay_after(self, attempts: int) -> float | None:
        """Seconds to wait after `attempts` retries have failed, or None to give up."""
        return self.delays[attempts] if attempts < self.max_attempts else None
