"""The schedule edge of a function: does its work once, or again and again for a while.

The shortest schedule of Amazon EventBridge is a minute. So there the event tells the function to
repeat its work itself:

    {"detail": {"everySeconds": 1, "forSeconds": 60}}

EventBridge may be late, or invoke twice, and then two invocations overlap, or leave a gap of some
seconds. That is harmless: what a sweep has claimed is its own for a while
(`belfry.sending.SWEEP_LEASE`), a change that is done already is none, and what a gap has left is
still due at the next step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import ceil

from belfry.function import Event, SecondsLeft, TimedFunction
from belfry.wiring import Deps

log = logging.getLogger(__name__)

Work = Callable[[Deps], None]


def scheduled(work: Work) -> TimedFunction[None]:
    """Make what is to be done at each step into a function.

    Without a `detail`, as the local runner invokes it, that is once, and its error is raised.
    """

    def run(event: Event, parts: Deps, seconds_left: SecondsLeft) -> None:
        detail = event.get("detail")
        if detail:
            every, lasting = _positive(detail, "everySeconds"), _positive(detail, "forSeconds")
            repeat(work, parts, every=every, lasting=lasting, seconds_left=seconds_left)
        else:
            work(parts)

    run.__doc__ = work.__doc__
    return TimedFunction(run)


def repeat(
    work: Work, parts: Deps, *, every: float, lasting: float, seconds_left: SecondsLeft
) -> None:
    """Work at 0, `every`, 2 `every` … seconds from now, as far as that is before `lasting`.

    The times are fixed, so that nothing drifts; one that passes while a step is still at work is
    left out, not made up for. Ends early when the time left may not do for another step: as long
    as the longest one so far, or `every`. A step that fails is logged, and the next one tries
    again. Raises the last error when no step succeeded, so that the function counts as failed.
    """
    began, step, longest = parts.monotonic(), 0, every
    succeeded, failure = False, None
    while True:
        at = parts.monotonic() - began
        try:
            work(parts)
            succeeded = True
        except Exception as error:
            failure = error
            log.warning("failed, and is tried again in %g s at the latest: %r", every, error)
        elapsed = parts.monotonic() - began
        longest = max(longest, elapsed - at)
        step = max(step + 1, ceil(elapsed / every))
        wait = max(step * every - elapsed, 0.0)
        if step * every >= lasting or seconds_left() < wait + longest:
            break
        parts.pause(wait)
    if failure is not None and not succeeded:
        raise failure


def _positive(detail: Event, name: str) -> float:
    value = detail.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"detail.{name} is not a number of seconds above 0: {value!r}")
    return float(value)
