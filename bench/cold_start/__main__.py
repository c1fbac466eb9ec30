"""`python -m bench.cold_start`: measures every function's cold start, from the packaged zip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.cold_start.deployment import deployment
from bench.cold_start.measure import measure
from bench.cold_start.page import draw, write
from bench.processes import ROOT


def cold_starts(
    folder: Annotated[
        Path, typer.Option("--out", help="Where the drawing goes; a cold-starts.md there, too.")
    ] = ROOT / ".local" / "bench",
) -> None:
    """Measure every function's cold start, beside a bare Python and all functions in one."""
    out = Console(highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    with out.status("packaging, and starting servers") as status, deployment() as place:
        measured = measure(place, status.update)
    write(measured, folder)
    draw(measured, folder)
    out.print(f"written to {folder}", soft_wrap=True)


if __name__ == "__main__":
    typer.run(cold_starts)
