"""`belfry scale`: how far it goes under AWS's quotas, by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_runner.command.project import OWN_SPEC
from local_runner.console import fail, out

if TYPE_CHECKING:
    from infra.scale.questions import Answers
    from infra.scale.rates import Rates

# What a command needs is imported when it runs: see main.py.

BENCHMARKS = OWN_SPEC.parent / "docs" / "benchmarks.json"

Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")]
Plots = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Draw the answers there, as SVG files.")
]


def scale(seed: Seed = 1, plots: Plots = None) -> None:
    """Simulate shards, broadcasts and mass reconnects under AWS's quotas. Asks nothing of AWS."""
    try:
        from infra.scale.questions import answers
        from infra.scale.rates import NoRates, rates
    except ImportError:
        fail('belfry scale needs simpy: install "belfry[deploy]".')
    from gateway.spec import SpecError
    from infra.cost import MeasuredError
    from local_runner.command import scale_view

    if plots:
        _make(plots)
    try:
        measured = rates(BENCHMARKS)
    except NoRates as error:
        fail(str(error))
    with out.status("simulating"):
        found = answers(measured, seed)
    try:
        for part in scale_view.parts(found):
            out.print(part)
            out.print()
    except (SpecError, MeasuredError) as error:
        fail(str(error))
    if plots:
        _draw(found, measured, seed, plots)


def _make(folder: Path) -> None:
    """Before the simulation: nobody is to wait for that, only to be refused."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--plots: {folder} cannot be made: {error.strerror or error}")


def _draw(found: Answers, measured: Rates, seed: int, folder: Path) -> None:
    try:
        from infra.scale.plots import draw
    except ImportError:
        fail('--plots needs matplotlib: install "belfry[deploy]".')
    try:
        for path in draw(found, measured, seed, folder):
            out.print(f"drawn: {path}", soft_wrap=True)
    except OSError as error:
        fail(f"--plots: {folder} cannot be written to: {error.strerror or error}")
