"""What Belfry costs a month on AWS, from how many people there are and what they do.

    load, habits     how many people, how much they get; what else has to be assumed
    wiring, measured what openapi.yaml says, what the benchmarks have measured
    traffic          how often what happens in a month
    functions        how long each function runs for it
    sizes            which broker and which MongoDB it takes
    estimate         quantities times prices
    savings          the same with one thing changed

All of it is pure: the same case gives the same answer. Nothing was ever billed by AWS for it.
"""

from infra.cost.case import Case
from infra.cost.estimate import Estimate, estimate
from infra.cost.load import Habits, Load
from infra.cost.measured import Measured, MeasuredError
from infra.cost.wiring import Wiring

__all__ = [
    "Case",
    "Estimate",
    "Habits",
    "Load",
    "Measured",
    "MeasuredError",
    "Wiring",
    "estimate",
]
