"""Throttling: requests by a token bucket (API Gateway developer guide, "quotas"), handshakes by a
sliding window.
"""

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 0.9
"""A second, less a tenth for the jitter of clocks and queues: who comes exactly at the rate passes.
"""


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


class SlidingWindow:
    """Lets `most` pass in any second, and whoever comes beside them not; at 0 all pass."""

    __slots__ = ("_clock", "_most", "_passed")

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=most)

    def take(self) -> bool:
        """Pass; False when so many have passed within the last second."""
        if not self._most:
            return True
        now = self._clock()
        if len(self._passed) == self._most and now - self._passed[0] < WINDOW_SECONDS:
            return False
        self._passed.append(now)
        return True
