"""`belfry package`: makes what AWS is given."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from local_runner.console import fail, out

MEGABYTE = 1_000_000

# What a command needs is imported when it runs: see main.py.


def package(
    build: Annotated[Path, typer.Option("--build", help="The folder to make it in.")] = Path(
        "build"
    ),
) -> None:
    """Make the zip and the template that AWS is given, for each kind of processor."""
    from gateway.spec import SpecError
    from infra import package as packaging

    began = time.monotonic()
    try:
        with out.status("fetching what the functions need"):
            for made in packaging.package(build):
                size = made.zip.stat().st_size / MEGABYTE
                out.print(
                    f"[green]✓[/] {made.architecture.name:<7} {made.functions} functions, "
                    f"{size:.1f} MB  [dim]{escape(str(made.zip.parent))}[/]",
                    soft_wrap=True,
                )
    except (packaging.PackagingError, SpecError) as error:
        fail(str(error))
    out.print(f"\nin {time.monotonic() - began:.0f} s. Next: `belfry deploy --stage NAME`")
