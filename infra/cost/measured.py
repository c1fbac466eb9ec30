"""What the benchmarks have measured of the functions: docs/benchmarks.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


class MeasuredError(Exception):
    """The figures are not there, or not all of them; the message says which."""


@dataclass(frozen=True, slots=True)
class Line:
    """Milliseconds for one and for each further one: of a processor, and of waiting for others."""

    cpu: float
    cpu_each: float
    wait: float
    wait_each: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds, on one core of the machine that docs/benchmarks.json names."""

    post: float
    """POST /api/notifications, its delivery and the gateway's part included: an upper bound."""
    page: float
    """A page of ten, the gateway's part included: what any other function is taken to cost."""
    deliver: Line
    push_cpu: float
    push_wait: float
    start: float
    """From a fresh process until the function is imported: the median over all functions."""

    @classmethod
    def read(cls, path: Path) -> Measured:
        """Raises MeasuredError."""
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
            by_name = {each["name"]: each for each in figures}
            one, many = by_name["deliver 1 notification"], by_name["deliver 500 notifications"]
            push = by_name["push 320 frames"]
            starts = sorted(
                each["value"] for name, each in by_name.items() if name.startswith("import ")
            )
            return cls(
                post=1000 / by_name["POST /api/notifications"]["value"],
                page=1000 / by_name["page of 10 out of 10,000"]["value"],
                deliver=_line(one, many, 500),
                push_cpu=push["reference_value"] / 320,
                push_wait=(push["value"] - push["reference_value"]) / 320,
                start=starts[len(starts) // 2],
            )
        except KeyError as error:
            raise MeasuredError(f"{path} has no figure {error}: run `make bench`.") from error
        except (OSError, ValueError, TypeError, IndexError) as error:
            raise MeasuredError(f"{path} cannot be read: {error}") from error


def _line(one: dict[str, float], many: dict[str, float], count: int) -> Line:
    """Through two points. The reference is the thread's own processor time, the rest it waited."""
    cpu_each = (many["reference_value"] - one["reference_value"]) / (count - 1)
    wait_one = one["value"] - one["reference_value"]
    wait_each = (many["value"] - many["reference_value"] - wait_one) / (count - 1)
    return Line(one["reference_value"] - cpu_each, cpu_each, wait_one - wait_each, wait_each)
