"""How the way of a notification looks in the terminal: a line for each step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from rich.text import Text

from belfry.client import Step, Trace

_COUNTS = ("pushed", "gone", "failed", "refused")


def trace_lines(trace: Trace) -> Iterator[Text]:
    """Whose it is, where it is now, and its steps, each with the time since the one before."""
    yield Text.assemble((trace.id, "bold"), f" for {trace.user_id}: ", trace.state)
    yield Text(trace.where)
    yield Text()
    yield _line(trace.steps[0], "")
    for before, step in pairwise(trace.steps):
        yield _line(step, _since(step.at - before.at))


def _line(step: Step, since: str) -> Text:
    shown = f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03d}"
    error = f": {step.error}" if step.error else ""
    return Text.assemble((f"  {shown} {since:>9}  ", "dim"), _what(step), (error, "yellow"))


def _what(step: Step) -> str:
    match step.step:
        case "queued":
            return f"queued by {step.by}" if step.by else "queued"
        case "attempt":
            devices = (step.pushed, step.gone, step.failed, step.refused)
            counts = [f"{name} {n}" for name, n in zip(_COUNTS, devices, strict=True) if n]
            return f"attempt {step.number}, {', '.join(counts) or 'nobody connected'}"
        case name:
            return name


def _since(time: timedelta) -> str:
    seconds = time.total_seconds()
    if seconds < 10:
        return f"+{seconds * 1000:.0f} ms"
    return f"+{seconds:.0f} s" if seconds < 6000 else f"+{seconds / 3600:.0f} h"
