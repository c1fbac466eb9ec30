"""`belfry cost`: what a month on AWS costs, for so many people, and what saves how much of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_runner.command.project import OWN_SPEC
from local_runner.console import fail, out

if TYPE_CHECKING:
    from infra.cost import Case

# What a command needs is imported when it runs: see main.py.

EACH_DAY = 100
"""Notifications for each person, when nobody says how many."""

Users = Annotated[int, typer.Option(min=1, max=1_000_000_000, help="People with an account.")]
Online = Annotated[
    float, typer.Option(min=0, max=1, help="The share of them who are connected, on average.")
]
Notifications = Annotated[
    float | None,
    typer.Option(
        min=0, max=1e12, help=f"A day, to all of them. By default {EACH_DAY} for each.", metavar="N"
    ),
]
Devices = Annotated[
    float, typer.Option(min=0, max=100, help="Connected at once, of who is connected.")
]
KeptDays = Annotated[int, typer.Option(min=1, max=3650, help="Until a notification is gone.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw 1 thousand to 10 million people: .svg or .png."),
]
Prices = Annotated[bool, typer.Option("--prices", help="Show the prices, and where they are from.")]


def cost(
    users: Users = 10_000,
    online: Online = 0.1,
    notifications: Notifications = None,
    devices: Devices = 1.5,
    kept_days: KeptDays = 90,
    plot: Plot = None,
    prices: Prices = False,
) -> None:
    """Estimate what a month on AWS costs. Nothing is asked of AWS."""
    from infra.cost import estimate
    from infra.cost.savings import savings
    from local_runner.command import cost_view

    if prices:
        for line in cost_view.prices():
            out.print(line, soft_wrap=True)
        return
    each_day = users * EACH_DAY if notifications is None else notifications
    case = _case(users, online, each_day, devices, kept_days)
    now = estimate(case)
    for part in (
        cost_view.heading(now),
        cost_view.services(now),
        cost_view.functions(now),
        cost_view.savings(savings(now)),
        cost_view.notes(now),
    ):
        out.print(part)
        out.print()
    if plot:
        _draw(case, plot)


def _case(users: int, online: float, notifications: float, devices: float, kept: int) -> Case:
    from gateway.spec import SpecError, load_spec
    from infra.cost import Case, Load, Measured, MeasuredError, Wiring

    try:
        wiring = Wiring.of(load_spec(OWN_SPEC))
        measured = Measured.read(OWN_SPEC.parent / "docs" / "benchmarks.json")
    except (SpecError, MeasuredError) as error:
        fail(str(error))
    return Case(Load(users, online, notifications, devices, kept), wiring, measured)


def _draw(case: Case, path: Path) -> None:
    try:
        from infra.cost.plot import FORMS, draw
    except ImportError:
        fail('--plot needs matplotlib: install "belfry[deploy]".')
    if path.suffix not in FORMS:
        fail(f"--plot: {path} must end in {' or '.join(FORMS)}.")
    try:
        draw(case, path)
    except OSError as error:
        fail(f"--plot: {path} cannot be written: {error.strerror or error}")
    out.print(f"drawn: {path}", soft_wrap=True)
