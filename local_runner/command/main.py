"""The `belfry` command: runs Belfry on this machine, and talks to the one that runs here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from belfry.errors import ConfigurationError, QueueUnavailable, SecretsUnavailable
from local_runner.command import (
    cost,
    dead_letters,
    deploy,
    destroy,
    events,
    invoke,
    listen,
    package,
    scale,
    send,
    smoke,
    status,
    users,
)
from local_runner.command.home import Home
from local_runner.command.terminal import DATA, Data, api_of, told_plainly
from local_runner.console import fail, out
from local_runner.execution import CONCURRENCY
from local_runner.options import (
    ConcurrencyOption,
    FaultOption,
    HostOption,
    IsolationOption,
    LimitOption,
    LogFormat,
    LogFormatOption,
    PortOption,
    RabbitmqOption,
    RecordOption,
    ReloadOption,
    options,
)

if TYPE_CHECKING:
    from local_runner.command.up import Started
    from local_runner.options import Options

# What a command needs is imported when it runs: `belfry --help` need not wait for a driver.

STARTED = time.monotonic()

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(users.app, name="users")
topology = typer.Typer(no_args_is_help=True, help="The exchanges and queues on RabbitMQ.")
app.add_typer(topology, name="topology")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(events.app, name="events")
app.command()(cost.cost)
app.command()(scale.scale)
app.command()(send.send)
app.command()(listen.listen)
app.command()(invoke.invoke)
app.command()(invoke.replay)
app.command()(smoke.smoke)
app.command()(package.package)
app.command()(deploy.deploy)
app.command()(destroy.destroy)
app.command()(status.status)


@app.callback()
def belfry() -> None:
    """Notifications that reach every open device of a person."""


@app.command()
def up(
    spec: Annotated[
        Path | None,
        typer.Option("--spec", metavar="FILE", help="Run the project of this openapi.yaml."),
    ] = None,
    data: Data = DATA,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    rabbitmq: RabbitmqOption = False,
    isolation: IsolationOption = None,
    concurrency: ConcurrencyOption = CONCURRENCY,
    limit: LimitOption = None,
    fault: FaultOption = None,
    record: RecordOption = None,
    reload: ReloadOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Start everything: API, WebSocket, pages, functions, queue and database."""
    from local_runner.request_log import log_to_standard_error

    chosen = options(
        host=host,
        port=port,
        isolation=isolation,
        concurrency=concurrency,
        limit=limit,
        fault=fault,
        record=record,
        reload=reload,
    )
    log_to_standard_error(log_format)
    if spec:
        from local_runner.run import run

        run(spec, chosen, rabbitmq=rabbitmq, data=data)
    else:
        _up(data, chosen, rabbitmq)


def _up(data: Path, chosen: Options, rabbitmq: bool) -> None:
    from belfry.errors import Unavailable
    from gateway.spec import SpecError
    from local_runner.address import CannotListen
    from local_runner.command.up import up as serve
    from local_runner.execution.function_files import LoadError
    from local_runner.faults import FaultError
    from local_runner.recording import RecordingError
    from local_runner.servers.mongod import MongodError
    from local_runner.servers.rabbitmq_server import RabbitmqError

    try:
        serve(Home(data), chosen, rabbitmq=rabbitmq, on_ready=_show_banner)
    except (ConfigurationError, FaultError, LoadError, RecordingError, SpecError) as error:
        fail(str(error))
    except (CannotListen, MongodError, RabbitmqError, Unavailable, OSError) as error:
        fail(str(error))


def _show_banner(started: Started) -> None:
    websocket = started.url.replace("http", "ws", 1) + "/ws"
    out.print(f"\n[bold green]Belfry is ready[/] after {time.monotonic() - STARTED:.1f} s\n")
    for name, where in (
        ("page", started.url + "/"),
        ("API", started.url + "/docs"),
        ("WebSocket", websocket),
        ("MongoDB", started.mongodb),
        ("queue", started.queue),
    ):
        out.print(f"  {name:<10} {escape(where)}", soft_wrap=True)
    if started.admin:
        out.print(
            f"\n  The administrator of this installation, shown this once:\n"
            f"  [bold]{started.admin.email}[/]  password  [bold]{started.admin.password}[/]",
            soft_wrap=True,
        )
    out.print("\n  Ctrl-C ends it.\n")


@app.command()
def trace(
    notification: Annotated[str, typer.Argument(help="Its id.", metavar="ID")],
    data: Data = DATA,
) -> None:
    """Show where a notification is, and what happened on its way (UTC)."""
    from local_runner.command.trace_view import trace_lines

    with told_plainly(), api_of(data) as belfry:
        for line in trace_lines(belfry.trace(notification)):
            out.print(line, soft_wrap=True)


@topology.command("apply")
def apply_topology(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be made.")
    ] = False,
    data: Data = DATA,
) -> None:
    """Make what is missing on the broker of RABBITMQ_URL. Doing it again changes nothing."""
    from belfry.settings import retry_policy
    from belfry.wiring import Deps, declare_topology

    parts = Deps(environment={**(Home(data).running() or {}), **os.environ})
    made = 0
    try:
        url = parts.settings.rabbitmq_url
        if not url:
            fail("RABBITMQ_URL is not set, and no Belfry with RabbitMQ runs here.")
        for each in declare_topology(url, retry_policy(os.environ), dry_run=dry_run):
            made += each.was_missing
            mark = "[yellow]+[/]" if each.was_missing else "[green]✓[/]"
            out.print(f"{mark} {escape(each.part)}", soft_wrap=True)
    except (ConfigurationError, QueueUnavailable, SecretsUnavailable) as error:
        fail(str(error))
    verb = "would be made" if dry_run else "made"
    out.print(f"\n{made} {verb}" if made else "\nnothing to do: all of it is there")


@app.command()
def doctor(data: Data = DATA) -> None:
    """Check every part, and say how to mend what is broken."""
    from local_runner.command.doctor import examine

    broken = 0
    for finding in examine(Home(data)):
        mark = "[green]✓[/]" if finding.mend is None else "[red]✗[/]"
        out.print(f"{mark} [bold]{finding.part:<12}[/] {escape(finding.state)}", soft_wrap=True)
        if finding.mend is not None:
            broken += 1
            out.print(f"    {escape(finding.mend)}", soft_wrap=True)
    if broken:
        raise typer.Exit(1)


def main() -> None:
    """The entry point of the `belfry` command."""
    app()
