"""`python -m bench`: measures Belfry, each figure beside a reference of the same run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    broadcast,
    crowd,
    drain,
    fan_out,
    frame,
    hostile,
    idle_sockets,
    imports,
    large_inbox,
    outage,
    page,
    parts,
    post,
    trivial_function,
)
from bench.figure import BenchmarkError
from bench.processes import ROOT
from bench.report import machine, table, write

MEASUREMENTS = {
    "trivial": trivial_function,
    "post": post,
    "page": page,
    "large-inbox": large_inbox,
    "frame": frame,
    "fan-out": fan_out,
    "drain": drain,
    "broadcast": broadcast,
    "parts": parts,
    "outage": outage,
    "sockets": idle_sockets,
    "crowd": crowd,
    "hostile": hostile,
    "imports": imports,
}
out = Console(highlight=False)


def bench(
    only: Annotated[
        str, typer.Option(help=f"Some of them, with commas: {','.join(MEASUREMENTS)}.")
    ] = "",
    folder: Annotated[
        Path, typer.Option("--out", help="Where JSON and charts go; a benchmarks.md there, too.")
    ] = ROOT / ".local" / "bench",
) -> None:
    """Measure speed, memory and import times, each beside a reference of the same run."""
    chosen = only.split(",") if only else list(MEASUREMENTS)
    unknown = [name for name in chosen if name not in MEASUREMENTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is not one of {', '.join(MEASUREMENTS)}.")
    where, figures, failed = machine(), [], False
    out.print(where)
    for name in chosen:
        started = time.monotonic()
        with out.status(name) as status:
            try:
                figures += MEASUREMENTS[name].measure(
                    lambda doing, name=name, status=status: status.update(f"{name}: {doing}")
                )
            except BenchmarkError as error:
                failed = True
                out.print(f"[red]✗[/] {name}: {error}", soft_wrap=True)
                continue
        out.print(f"[green]✓[/] {name} [dim]{time.monotonic() - started:.0f} s[/]")
    out.print(table(figures))
    write(figures, where, folder)
    out.print(f"written to {folder}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(bench)
