"""`belfry dead-letters`: look at what was given up, send it on its way again, drop it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.text import Text

from local_runner.command.dead_letters_options import (
    Reason,
    Since,
    Until,
    User,
    filter_of,
    options_of,
    text_of,
)
from local_runner.command.terminal import DATA, Data, api_of, told_plainly
from local_runner.console import err, fail, out

if TYPE_CHECKING:
    from local_runner.command.dead_letters_api import DeadLettersApi, Filter

app = typer.Typer(
    no_args_is_help=True, help="What was given up: look at it, send it again, drop it."
)
NOT_FOUND = 404
NONE_MATCH = "There are no dead letters that match."
Ids = Annotated[list[str] | None, typer.Argument(help="Which ones.", metavar="ID")]
All = Annotated[bool, typer.Option("--all", help="All that match the filters.")]


@app.command("list")
def list_letters(
    reason: Reason = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where to go on.")] = None,
    data: Data = DATA,
) -> None:
    """Show them, newest first: id, age, reason, retries; whose it is, and the error."""
    from local_runner.command.dead_letters_view import list_lines

    which = filter_of(reason, user, since, until)
    with _api(data) as api:
        page = api.page(which, limit=limit, cursor=cursor)
    if not page["items"]:
        out.print(NONE_MATCH if which else "There are no dead letters.")
        return
    _show(list_lines(page["items"], datetime.now(UTC)), cut=True)
    if page["nextCursor"]:
        options = {"limit": str(limit), **which, "cursor": page["nextCursor"]}
        _show([Text(f"\nmore: belfry dead-letters list {options_of(options)}", "dim")])


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Which one.")], data: Data = DATA
) -> None:
    """Show all that is known of one, with its message."""
    from local_runner.command.dead_letters_view import letter_lines

    with _api(data) as api:
        letter = api.get(id_)
    _show(letter_lines(letter))


@app.command()
def redrive(
    ids: Ids = None,
    every: All = False,
    reason: Reason = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    data: Data = DATA,
) -> None:
    """Send some on their way again: by their ids, or with --all those that match the filters."""
    which = filter_of(reason, user, since, until)
    _check_choice(ids, every, which)
    with _api(data) as api:
        if ids:
            _each(ids, "sent", api.redrive)
            return
        # What dies again while this goes on is not taken once more.
        sent, remaining = _redrive_all(api, {"until": text_of(datetime.now(UTC)), **which})
    if not sent and not remaining:
        out.print(NONE_MATCH)
        return
    out.print(f"[green]sent[/] {sent:,} on their way again")
    if remaining:
        out.print(f"[yellow]{remaining:,} remain[/]: they died again at once, or cannot be sent")


@app.command()
def drop(
    ids: Ids = None,
    every: All = False,
    reason: Reason = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DATA,
) -> None:
    """Forget some for good. Their notifications stay in the inboxes."""
    which = filter_of(reason, user, since, until)
    _check_choice(ids, every, which)
    with _api(data) as api:
        chosen = ids or list(api.ids(which))
        if not chosen:
            out.print(NONE_MATCH)
            return
        if len(chosen) > 1 and not yes:
            typer.confirm(f"Forget {len(chosen):,} dead letters for good?", abort=True)
        _each(chosen, "dropped", api.drop)


def _redrive_all(api: DeadLettersApi, which: Filter) -> tuple[int, int]:
    """Until none of those is left that were there when it began."""
    from rich.progress import Progress

    from belfry.client import ClientError

    sent = 0
    total: int | None = None
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("sending", total=None)
        while True:
            try:
                redriven, remaining = api.redrive_some(which)
            except ClientError as error:
                fail(f"{error} {sent:,} were sent; the others are kept.")
            sent += redriven
            total = total or sent + remaining
            progress.update(bar, total=total, completed=sent)
            if not (redriven and remaining) or sent >= total:
                return sent, remaining


def _each(ids: Sequence[str], done: str, act: Callable[[str], None]) -> None:
    """Do it to each; one that is not there does not keep the others from it."""
    from rich.progress import track

    from belfry.client import Problem

    missing = 0
    for id_ in track(ids, "working", console=err, transient=True, disable=len(ids) < 2):
        try:
            act(id_)
        except Problem as problem:
            if problem.status != NOT_FOUND:
                raise
            missing += 1
            err.print(f"[red]error[/] {escape(id_)}: {escape(str(problem))}", soft_wrap=True)
    count = len(ids) - missing
    if count:
        out.print(f"[green]{done}[/] {escape(ids[0]) if len(ids) == 1 else f'{count:,}'}")
    if missing:
        raise typer.Exit(1)


def _check_choice(ids: Sequence[str] | None, every: bool, which: Filter) -> None:
    if ids and (every or which):
        raise typer.BadParameter("name ids, or --all with filters, not both")
    if not ids and not every:
        raise typer.BadParameter("name ids (`belfry dead-letters list` shows them), or say --all")


def _show(lines: Iterable[Text], *, cut: bool = False) -> None:
    """`cut` keeps each to one line of the terminal; a file or a pipe gets all of it."""
    for line in lines:
        if cut and out.is_terminal:
            out.print(line, no_wrap=True, overflow="ellipsis")
        else:
            out.print(line, soft_wrap=True)


@contextmanager
def _api(data: Path) -> Iterator[DeadLettersApi]:
    """The dead letters of the Belfry that runs here; an error ends the command with a sentence."""
    from local_runner.command.dead_letters_api import DeadLettersApi

    with told_plainly(), api_of(data) as belfry:
        yield DeadLettersApi(belfry)
