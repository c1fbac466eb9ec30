"""`belfry deploy --local` and its sisters: at an emulator of AWS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from local_runner.console import err, out

if TYPE_CHECKING:
    from infra.deploy.emulator import Emulator

COMPOSE_PORT = "5055"
"""Where compose's `aws` is reached, unless AWS_PORT says otherwise."""


def deploy_local(stage: str, package: Path) -> None:
    """Deploy the project that the package was made from, and say what that proves and what not."""
    from infra.deploy.emulator import NOT_DONE

    _run_chalice(_emulator(), _project(package), stage)
    show_local(stage)
    out.print("\nWhat an emulator cannot do, so that this proves nothing of it:")
    for sentence in NOT_DONE:
        out.print(f"  [yellow]·[/] {sentence}", soft_wrap=True)


def _run_chalice(emulator: Emulator, project: Path, stage: str) -> None:
    """A bar while it works. What it says is many lines, shown only when it fails."""
    from infra.deploy.aws import DeployError
    from infra.deploy.emulator import of_function
    from local_runner.command.stack_view import counting

    lines = []
    try:
        with counting("chalice deploys functions", emulator.wanted(project)) as bar:
            for line in emulator.deploy(project, stage):
                lines.append(line)
                bar.advance(bar.task_ids[0], of_function(line))
    except DeployError:
        for line in filter(None, lines):
            err.print(f"  [dim]{escape(line)}[/]", soft_wrap=True)
        raise


def show_local(stage: str) -> None:
    """Show what of a stage is at the emulator."""
    emulator = _emulator()
    functions, routes = emulator.functions(stage), emulator.routes(stage)
    if not functions and not routes:
        out.print(f"Nothing of belfry-{stage} is at {emulator.url}.")
        return
    out.print(f"[bold]belfry-{stage}[/] at {emulator.url}")
    out.print(f"[green]✓[/] {len(functions)} functions, each with its own handler")
    out.print(f"[green]✓[/] {len(routes)} routes of the HTTP API")


def destroy_local(stage: str) -> None:
    """Remove a stage from the emulator."""
    emulator = _emulator()
    removed = emulator.destroy(stage)
    if removed:
        out.print(f"[green]belfry-{stage} is gone:[/] {removed} functions, their role and routes")
    else:
        out.print(f"Nothing there: {emulator.url} has no belfry-{stage}.")


def _emulator() -> Emulator:
    from infra.deploy.emulator import Emulator

    port = os.environ.get("AWS_PORT") or COMPOSE_PORT
    return Emulator(f"127.0.0.1:{port}")


def _project(package: Path) -> Path:
    """`build/package/arm64` was made from `build/chalice/arm64`."""
    return package.parent.parent / "chalice" / package.name
