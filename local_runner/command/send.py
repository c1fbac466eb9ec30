"""`belfry send`: notifies a person, by the API, as the administrator."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.markup import escape

from local_runner.command.terminal import DATA, Data, api_of, told_plainly
from local_runner.console import fail, out

if TYPE_CHECKING:
    from belfry.client import Belfry

MOST_ALIKE = 20  # people whose names begin like somebody's address


def send(
    user: Annotated[
        str, typer.Argument(help="The recipient: an e-mail address, or an id.", metavar="USER")
    ],
    message: Annotated[str, typer.Argument(help="What to say.", metavar="MESSAGE")],
    title: Annotated[str | None, typer.Option(help="A title above the message.")] = None,
    category: Annotated[str | None, typer.Option(help="What it is about, in a word.")] = None,
    priority: Annotated[int, typer.Option(min=1, max=5, help="5 is the most urgent.")] = 3,
    link: Annotated[str | None, typer.Option(help="Where it leads: an address or a path.")] = None,
    data: Data = DATA,
) -> None:
    """Notify a person."""
    with told_plainly(), api_of(data) as belfry:
        sent = belfry.send(
            _id_of(user.strip(), belfry),
            message,
            title=title,
            category=category,
            priority=priority,
            link=link,
        )
    out.print(f"[green]sent[/] {sent.id} to {escape(user)}", soft_wrap=True)


def _id_of(user: str, belfry: Belfry) -> str:
    """The id of a person who is named by it or by the e-mail address."""
    try:
        return str(UUID(user))
    except ValueError:
        pass
    people = list(islice(belfry.users(user or None), MOST_ALIKE))
    for person in people:
        if person.email == user.lower():
            return person.id
    alike = " or ".join(person.email for person in people[:3])
    hint = (
        f"Did you mean {alike}?" if alike and user else "`belfry users list` shows those there are."
    )
    return fail(f"There is no account {user}. {hint}")
