"""How the way of a notification looks in the terminal: a line for each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from rich.text import Text

Json = Mapping[str, Any]

_COUNTS = ("pushed", "gone", "failed", "refused")


def trace_lines(trace: Json) -> Iterator[Text]:
    """Whose it is, where it is now, and its steps, each with the time since the one before."""
    yield Text.assemble((trace["id"], "bold"), f" for {trace['userId']}: ", trace["state"])
    yield Text(trace["where"])
    yield Text()
    steps = trace["steps"]
    yield _line(steps[0], "")
    for before, step in pairwise(steps):
        yield _line(step, _since(_time(step) - _time(before)))


def _line(step: Json, since: str) -> Text:
    at = _time(step)
    shown = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
    error = f": {step['error']}" if "error" in step else ""
    return Text.assemble((f"  {shown} {since:>9}  ", "dim"), _what(step), (error, "yellow"))


def _what(step: Json) -> str:
    match step["step"]:
        case "queued":
            return f"queued by {step['by']}" if "by" in step else "queued"
        case "attempt":
            counts = [f"{name} {step[name]}" for name in _COUNTS if step[name]]
            return f"attempt {step['number']}, {', '.join(counts) or 'nobody connected'}"
        case name:
            return str(name)


def _since(time: timedelta) -> str:
    seconds = time.total_seconds()
    if seconds < 10:
        return f"+{seconds * 1000:.0f} ms"
    return f"+{seconds:.0f} s" if seconds < 6000 else f"+{seconds / 3600:.0f} h"


def _time(step: Json) -> datetime:
    return datetime.fromisoformat(step["at"])
