"""Throttling by the token bucket algorithm (API Gateway developer guide, "quotas")."""

import time
from collections.abc import Callable


class TokenBucket:
    """Holds at most `burst` tokens, at least 1, and gains `per_second`; at 0 there is no limit."""

    __slots__ = ("_at", "_burst", "_clock", "_per_second", "_tokens")

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = self._tokens = max(burst, 1.0)
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        """Take one token; False when there is none."""
        if not self._per_second:
            return True
        now = self._clock()
        tokens = self._tokens + (now - self._at) * self._per_second
        self._at = now
        if tokens > self._burst:
            tokens = self._burst
        if tokens < 1.0:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1.0
        return True
