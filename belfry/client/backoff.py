"""How long to wait before trying again: full jitter, so that not all clients come back at once.

Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of up to `first` seconds, twice as long after each failure, and at most `longest`."""

    first: float
    longest: float

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1, 2, …)."""
        bound = min(self.longest, self.first * 2.0 ** min(failures - 1, 32))
        return random.uniform(0, bound)  # noqa: S311  # spreads load, keeps no secret
