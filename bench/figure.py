"""A figure: what was measured, beside what a bare stand-in did in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

Tell = Callable[[str], None]
"""Shows what a measurement is doing now."""


class BenchmarkError(Exception):
    """A figure could not be had, or would be worthless. The message says why."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should reach: `at_least` or, when that is false, at most `value`.

    With `of_reference` the value is a multiple of the reference instead.
    """

    value: float
    at_least: bool = True
    of_reference: bool = False

    def met(self, measured: float, ratio: float) -> bool:
        reached = ratio if self.of_reference else measured
        return reached >= self.value if self.at_least else reached <= self.value

    def __str__(self) -> str:
        number = f"{self.value:g}\N{NO-BREAK SPACE}×" if self.of_reference else f"{self.value:,g}"
        return f"{'≥' if self.at_least else '≤'}\N{NO-BREAK SPACE}{number}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One value per round, and the reference's of the same round beside it."""

    name: str
    unit: str
    measured: Sequence[float]
    reference: Sequence[float]
    against: str
    """What the reference is."""
    aims: Sequence[Aim] = ()
    note: str = ""

    @property
    def value(self) -> float:
        """The median over the rounds."""
        return median(self.measured)

    @property
    def reference_value(self) -> float:
        return median(self.reference)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios, so that a noisy minute counts on both sides."""
        return median(m / r for m, r in zip(self.measured, self.reference, strict=True))

    @property
    def met(self) -> bool | None:
        """Whether every aim is met; None when there is none."""
        return all(aim.met(self.value, self.ratio) for aim in self.aims) if self.aims else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "value": self.value,
            "reference_value": self.reference_value,
            "ratio": self.ratio,
            "aims": [str(aim) for aim in self.aims],
            "met": self.met,
        }


def p50_and_p99(samples: Sequence[float]) -> tuple[float, float]:
    """The two percentiles, interpolated between samples."""
    cuts = quantiles(samples, n=100, method="inclusive")
    return cuts[49], cuts[98]
