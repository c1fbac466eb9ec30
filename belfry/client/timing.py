"""How long a listener waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from belfry.client.backoff import Backoff

BACKOFF = Backoff(first=0.5, longest=15.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    A socket that says nothing for `heartbeat` is asked, and given up without an answer after
    `answer`. A `ping` says that the device is there: after eleven minutes without, it is taken for
    gone, whatever else it says (docs/protocol.md). Polling goes on for `first_polling` before a
    socket is tried again, then for twice as long, up to `longest_polling`. An empty poll that comes
    back at once is slowed to `idle_poll`.
    """

    open: float = 10.0
    heartbeat: float = 45.0
    answer: float = 10.0
    ping: float = 240.0
    backoff: Backoff = BACKOFF
    first_polling: float = 10.0
    longest_polling: float = 300.0
    idle_poll: float = 1.0
