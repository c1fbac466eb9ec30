"""`belfry users`: the accounts of the Belfry that runs here."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from local_runner.command.terminal import DATA, Data, parts_of, told_plainly
from local_runner.console import fail, out

app = typer.Typer(no_args_is_help=True, help="The accounts of the Belfry that runs here.")


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The e-mail address.")],
    name: Annotated[str | None, typer.Option(help="What to call the person.")] = None,
    password: Annotated[
        str | None, typer.Option(help="The password; one is made up when left out.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May notify others.")] = False,
    data: Data = DATA,
) -> None:
    """Create an account."""
    import secrets

    from belfry.accounts import register
    from belfry.inputs.accounts import Registration
    from belfry.model import Role

    parts = parts_of(data)
    secret = password or secrets.token_urlsafe(12)
    with told_plainly():
        fields = {"username": name or email.partition("@")[0], "email": email, "password": secret}
        registration = Registration.from_fields(fields)
        user = register(
            registration,
            users=parts.users,
            passwords=parts.passwords,
            clock=parts.clock,
            role=Role.ADMIN if admin else Role.USER,
        )
    made_up = "" if password else f"  password  [bold]{secret}[/]  (shown this once)"
    out.print(f"[green]added[/] {escape(user.email)}{made_up}", soft_wrap=True)


@app.command("grant-admin")
def grant_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address.")], data: Data = DATA
) -> None:
    """Let a person notify others. It holds from their next log-in on."""
    from belfry.model import Role

    with told_plainly():
        if not parts_of(data).users.set_role(email.strip().lower(), Role.ADMIN):
            fail(f"There is no account {email}. `belfry users list` shows those there are.")
    out.print(f"[green]{escape(email)} is an administrator[/] from the next log-in on")


@app.command("revoke-admin")
def revoke_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address.")], data: Data = DATA
) -> None:
    """Let a person notify others no more. Who is an administrator cannot delete the account."""
    from belfry.model import Role

    with told_plainly():
        if not parts_of(data).users.set_role(email.strip().lower(), Role.USER):
            fail(f"There is no account {email}. `belfry users list` shows those there are.")
    out.print(f"[green]{escape(email)} is an administrator no more[/] from the next log-in on")


@app.command("list")
def list_accounts(data: Data = DATA) -> None:
    """Show the accounts: e-mail address, role, since when (UTC), id and name."""
    with told_plainly():
        accounts = list(parts_of(data).users.all())
    widest = max((len(account.email) for account in accounts), default=0)
    for account in accounts:
        since = f"{account.created_at:%Y-%m-%d %H:%M}"
        line = f"{account.email:<{widest}}  {account.role.value:<5}  {since}  {account.id}"
        out.print(f"{line}  {account.username}", markup=False, soft_wrap=True)
