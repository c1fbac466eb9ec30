"""Triggered by a schedule of a deployment: tells CloudWatch what its alarms look at."""

import sys

from belfry.measures import measure
from belfry.metrics import line
from belfry.schedule import scheduled
from belfry.wiring import Deps


@scheduled
def handler(deps: Deps) -> None:
    measures = measure(
        dead_letters=deps.dead_letters,
        backlog=deps.backlog,
        presence=deps.presence,
        clock=deps.clock,
    )
    # By itself in one piece: CloudWatch reads lines that are nothing but JSON.
    sys.stdout.write(line(measures, deps.settings.stage) + "\n")
    sys.stdout.flush()
