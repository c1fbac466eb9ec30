"""`belfry listen`: a device in the terminal. It reconnects by itself and misses nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from local_runner.command.terminal import DATA, Data, parts_of, told_plainly, url_of
from local_runner.console import fail, out

if TYPE_CHECKING:
    from belfry.client import Belfry


def listen(
    email: Annotated[str, typer.Argument(help="Whose inbox.", metavar="EMAIL")],
    data: Data = DATA,
) -> None:
    """Show what happens in a person's inbox, live, until Ctrl-C."""
    from belfry.client import Belfry

    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("belfry.client").setLevel(logging.INFO)  # that it is connected again
    parts = parts_of(data)
    with told_plainly():
        account = parts.users.by_email(email.strip().lower())
        if account is None:
            fail(f"There is no account {email}. Make it with `belfry users add {email}`.")
        with Belfry(url_of(data), lambda: parts.token_issuer.issue(account.user)[0]) as belfry:
            try:
                asyncio.run(_show(belfry, account.user.email))
            except KeyboardInterrupt:
                return
    out.print("The server closed the connection on purpose.")


async def _show(belfry: Belfry, email: str) -> None:
    from local_runner.command.listen_view import View

    view = View(email)
    async for event in belfry.listen():
        for line in view.lines(event):
            out.print(line, soft_wrap=True)
