"""How long a listener waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from belfry.client.backoff import Backoff

BACKOFF = Backoff(first=0.5, longest=60.0)
"""Shorter waits keep a crowd from ever coming back, when all lose the server at once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    A socket is asked whether anything was missed every `heartbeat`, whatever else it says, and
    given up without an answer after `answer`. On the way to it, API Gateway, CloudFront and the
    containers' nginx close after ten minutes of silence or more, NAT gateways after 350 s; and who
    has not asked for eleven minutes is taken for gone (docs/protocol.md). Polling goes on for
    `first_polling` before a socket is tried again, then for twice as long, up to `longest_polling`.
    An empty poll that comes back at once is slowed to `idle_poll`.
    """

    open: float = 10.0
    heartbeat: float = 240.0
    answer: float = 10.0
    backoff: Backoff = BACKOFF
    first_polling: float = 10.0
    longest_polling: float = 300.0
    idle_poll: float = 1.0
