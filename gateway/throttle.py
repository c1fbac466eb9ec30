"""Throttling: requests by a token bucket (API Gateway developer guide, "quotas"), handshakes by a
sliding window.
"""

import time
from collections import deque
from collections.abc import Callable

EARLY_SECONDS = 0.1
LATE_SECONDS = 0.5
"""Clocks and queues jitter, and a process pauses: so much too early one still passes, and who comes
so much too late counts as on time, or those after it would have to pay for the pause."""


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
    """Lets `most` pass in any second, and on average no more whatever the jitter; at 0 all pass."""

    __slots__ = ("_clock", "_most", "_turns")

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._turns: deque[float] = deque(maxlen=most)

    def take(self) -> bool:
        """Pass; False when so many have passed within the last second."""
        if not self._most:
            return True
        now = turn = self._clock()
        if len(self._turns) == self._most:
            due = self._turns[0] + 1.0
            if now < due - EARLY_SECONDS:
                return False
            if now < due + LATE_SECONDS:
                turn = due
        self._turns.append(turn)
        return True
