"""The options of a runner, whichever project it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.limits import Limits

_NO_LIMIT = {"requests_per_second", "connections_per_second"}
"""The limits that 0 takes away. The others are times and sizes, of which 0 would be none."""


class Isolation(StrEnum):
    """Where functions run."""

    THREAD = "thread"
    PROCESS = "process"


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run a project. `reload` needs functions in processes."""

    host: str
    port: int
    isolation: Isolation
    concurrency: int
    limits: Limits
    faults: tuple[str, ...]
    record: Path | None
    reload: bool


HostOption = Annotated[str, typer.Option("--host", help="The address to serve on.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="The port to serve on; 0 takes a free one.")
]
RabbitmqOption = Annotated[
    bool, typer.Option("--rabbitmq", help="Start a RabbitMQ, too.", show_default=False)
]
IsolationOption = Annotated[
    Isolation | None,
    typer.Option(
        "--isolation",
        help="Run functions in threads of the runner, or each in processes of its own, "
        "as AWS does.",
        show_default="thread",
    ),
]
ConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", min=1, help="Processes of one function at most.")
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", metavar="NAME=VALUE", help="Another limit of the gateway: idle_seconds=5."
    ),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="RULE", help="Go wrong on purpose; ? lists the rules."),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="DIR",
        help="Keep events and answers there, the newest 1,000. They hold secrets.",
    ),
]
ReloadOption = Annotated[
    bool,
    typer.Option(
        "--reload", help="Give changed functions new processes; sockets stay.", show_default=False
    ),
]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="How log lines look.")]


def options(
    *,
    host: str,
    port: int,
    isolation: Isolation | None,
    concurrency: int,
    limit: list[str] | None,
    fault: list[str] | None,
    record: Path | None,
    reload: bool,
) -> Options:
    """Options as given on a command line. Raises typer.BadParameter."""
    if reload and isolation is Isolation.THREAD:
        raise typer.BadParameter(
            "New code needs a new process: leave out --isolation thread.", param_hint="--reload"
        )
    chosen = isolation or (Isolation.PROCESS if reload else Isolation.THREAD)
    return Options(
        host=host,
        port=port,
        isolation=chosen,
        concurrency=concurrency,
        limits=parse_limits(limit or []),
        faults=tuple(fault or []),
        record=record.resolve() if record else None,
        reload=reload,
    )


def parse_limits(texts: list[str]) -> Limits:
    """Limits with some of them changed, each by `name=value`. Raises typer.BadParameter."""
    changes: dict[str, Any] = {}
    known = {field.name: type(getattr(Limits(), field.name)) for field in fields(Limits)}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise typer.BadParameter(
                f"There is no limit {name!r}, only {', '.join(sorted(known))}.",
                param_hint="--limit",
            )
        changes[name] = _number(name, known[name], value)
    return replace(Limits(), **changes)


def _number(name: str, kind: type[int] | type[float], text: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        words = "whole number" if kind is int else "number"
        raise typer.BadParameter(f"{name} is a {words}, not {text!r}.", param_hint="--limit")
    if number < 0 or (number == 0 and name not in _NO_LIMIT):
        raise typer.BadParameter(f"{name} must be more than {text}.", param_hint="--limit")
    return number
