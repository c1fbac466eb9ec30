"""`belfry smoke`: is a Belfry well, as seen from outside? A made-up person tries it, and leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from local_runner.command.home import Admin, Home
from local_runner.command.terminal import DATA, Data, url_of
from local_runner.console import fail, out

if TYPE_CHECKING:
    from infra.smoke import Step

PASSWORD = "BELFRY_ADMIN_PASSWORD"  # noqa: S105  # the variable's name
HOW_TO_GET = (
    "After `belfry deploy`, address and password are in the secret that the stack's output "
    "AdministratorSecret names; in containers, `docker compose exec runner cat /data/admin.json` "
    "shows them."
)


def smoke(
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Of the API; the Belfry that runs here without."),
    ] = None,
    ws_url: Annotated[
        str | None,
        typer.Option("--ws-url", metavar="URL", help="Of the WebSocket; /ws at the same host."),
    ] = None,
    admin_email: Annotated[
        str | None, typer.Option("--admin-email", metavar="EMAIL", help="An administrator.")
    ] = None,
    data: Data = DATA,
) -> None:
    """Register, send, receive and clean up, by the API alone; a line for each step.

    The administrator's password comes from BELFRY_ADMIN_PASSWORD, or is asked for.
    """
    from infra.smoke import smoke as steps_of

    admin = _administrator(url, admin_email, data)
    where = url or url_of(data)
    try:
        steps = steps_of(where, ws_url, admin.email, admin.password)
    except ValueError as error:
        fail(f"{error}. Say --url https://… and --ws-url wss://…/ws.")
    with closing(steps):  # which takes back what was made
        try:
            show(steps)
        except KeyboardInterrupt:  # between two steps
            fail("It was interrupted. What it made is taken back.")


def show(steps: Iterable[Step]) -> None:
    """Print each step when it was taken, and how it ended. A failure ends the command."""
    tried: list[Step] = []
    for step in steps:
        tried.append(step)
        out.print(_line(step), soft_wrap=True)
    seconds = sum(step.seconds for step in tried)
    failures = [step for step in tried if not step.ok]
    if failures:
        fail(" ".join(f"Failed: {each.name}. Look at {each.look_at}." for each in failures))
    out.print(
        f"\n[green]All is well:[/] {len(tried)} steps in {seconds:.1f} s, nothing left behind"
    )


def _line(step: Step) -> Text:
    from local_runner.command.listen_view import printable

    mark = ("✓", "green") if step.ok else ("✗", "red")
    seen = printable(step.seen)
    took = f"{step.seconds * 1000:>7,.0f} ms"
    return Text.assemble(mark, f" {step.name:<31}{took}  ", (seen, "dim" if step.ok else "red"))


def _administrator(url: str | None, email: str | None, data: Path) -> Admin:
    """Who sends: of the Belfry that runs here the one that it made, unless another is named."""
    if url is None and email is None:
        url_of(data)  # it ends the command when none runs here
        return Home(data).admin()
    if email is None:
        fail(f"Name an administrator by --admin-email. {HOW_TO_GET}")
    password = os.environ.get(PASSWORD)
    if not password and sys.stdin.isatty():
        password = typer.prompt(f"Password of {email}", hide_input=True, err=True)
    if not password:
        fail(f"Set {PASSWORD} to the password of {email}. {HOW_TO_GET}")
    return Admin(email, password)
