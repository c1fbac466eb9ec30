"""How `belfry scale` shows its answers: a table for each question, with bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf

from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table

from gateway.spec import load_spec
from infra.cost import Case, Load, Measured, Wiring, estimate
from infra.scale.broadcast import Spread
from infra.scale.questions import Answers, Broadcasting, Needed
from infra.scale.reconnect import Recovery
from local_runner.command.project import OWN_SPEC

BAR = 14
MINUTES_FROM = 100
USERS = 10_000_000
ONLINE = 0.1
EACH_DAY = (10, 100)


def parts(answers: Answers) -> Iterator[RenderableType]:
    """A heading and a table for each question. Raises SpecError and MeasuredError."""
    yield "[bold]1. How many shards for so many notifications a second?[/]"
    yield _shards(answers.shards)
    yield "[bold]2. When has a broadcast to 1,000,000 people reached those who are connected?[/]"
    yield _broadcasts(answers.broadcasts)
    yield "[bold]3. All sockets break at once. When are they back?[/]"
    yield _reconnects(answers)
    yield "[bold]4. What do 10,000,000 people cost?[/]"
    yield _cost()
    yield (
        "Simulated with docs/benchmarks.json and an assumed network; never tested on AWS. "
        "docs/scale.md says what is not in it."
    )


def _shards(needed: Sequence[Needed]) -> Table:
    shown = _table("a second", "memory", "shards", "p50", "p99")
    for each in needed:
        p50, p99 = (_time(each.told.percentile(share)) for share in (0.5, 0.99))
        shards = "more" if each.shards is None else str(each.shards)
        shown.add_row(f"{each.rate:,}", f"{each.megabytes:,.0f} MB", shards, p50, p99)
    return shown


def _broadcasts(cases: Sequence[tuple[Broadcasting, Spread]]) -> Table:
    shown = _table("", "half", "99 %", "refused", "given up", "")
    shown.columns[0].justify = "left"
    longest = max(told.at(0.99) for _, told in cases if not isinf(told.at(0.99)))
    for case, told in cases:
        shown.add_row(
            case.name,
            _time(told.at(0.5)),
            _time(told.at(0.99)),
            f"{told.refused:,}",
            f"{told.given_up:,}",
            Bar(longest, 0, min(longest, told.at(0.99)), width=BAR, color="blue"),
        )
    return shown


def _reconnects(answers: Answers) -> Table:
    shown = _table("", "half", "99 %", "requests", "throttled", "in two hours")
    shown.columns[0].justify = "left"
    for devices in sorted({count for count, *_ in answers.reconnects}):
        shown.add_row(f"[bold]{devices:,}[/]")
        for count, case, told in answers.reconnects:
            if count == devices:
                shown.add_row(f"  {case.name}", *_recovery(told))
    return shown


def _recovery(told: Recovery) -> tuple[RenderableType, ...]:
    return (
        *(_time(told.at(share), never="> 2 h") for share in (0.5, 0.99)),
        f"{told.requests / told.devices:,.0f}",
        _time(told.troubled()),
        Bar(told.devices, 0, told.connected, width=BAR, color="blue"),
    )


def _cost() -> Table:
    shown = _table("notifications a day for each", "a month", "per million")
    wiring = Wiring.of(load_spec(OWN_SPEC))
    measured = Measured.read(OWN_SPEC.parent / "docs" / "benchmarks.json")
    for each in EACH_DAY:
        found = estimate(Case(Load(USERS, ONLINE, each * USERS), wiring, measured))
        shown.add_row(f"{each}", f"${found.usd:,.0f}", f"${found.per_million:,.2f}")
    return shown


def _table(*columns: str) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in columns:
        shown.add_column(name, justify="right", no_wrap=True)
    return shown


def _time(seconds: float, never: str = "never") -> str:
    if isinf(seconds):
        return never
    if seconds >= MINUTES_FROM:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms"
