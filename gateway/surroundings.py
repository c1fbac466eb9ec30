"""What all APIs of one gateway share."""

import time
from dataclasses import dataclass

from gateway.access_log import AccessLog
from gateway.clock import Clock
from gateway.endpoint import Endpoint
from gateway.invoker import Invoker
from gateway.limits import Limits
from gateway.throttle import TokenBucket


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The functions, and under which conditions they are reached."""

    invoker: Invoker
    endpoint: Endpoint
    limits: Limits
    throttle: TokenBucket
    """One for requests, messages and pushes together, as an account has."""
    access_log: AccessLog | None = None
    clock: Clock = time.time
