"""The terminal of the commands, and how they tell an error."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

# No emoji: the `:secret:` of an ARN would become one.
out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def fail(message: str) -> NoReturn:
    """End the command with an error."""
    err.print(f"[red]error[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(1)
