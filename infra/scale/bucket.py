"""The token bucket of API Gateway, in simulated time."""

from __future__ import annotations

import simpy


class TokenBucket:
    """Holds at most `burst` tokens, and gains `rate` a second; full at the beginning."""

    def __init__(self, env: simpy.Environment, rate: float, burst: float) -> None:
        self._env = env
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = env.now

    def take(self, wanted: int) -> int:
        """Take up to so many; answers how many there were."""
        gained = (self._env.now - self._at) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._at = self._env.now
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted
