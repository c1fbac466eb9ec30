"""The project that a command works on: Belfry's own, or that of another openapi.yaml."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.invoker import Event, InvocationError, Invoker
from local_runner.console import fail
from local_runner.options import Isolation, LogFormat
from local_runner.recording import failed

if TYPE_CHECKING:
    from gateway.spec import Spec
    from local_runner.project import Project

# What a command needs is imported when it runs: see main.py.

OWN_SPEC = Path(__file__).resolve().parent.parent.parent / "openapi.yaml"

SpecPath = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="The openapi.yaml of another project."),
]

NO_CHECKOUT = (
    "Belfry itself runs from its checkout only (`make up`). "
    "Another project is named by --spec openapi.yaml."
)
RUNNER = "http://127.0.0.1:8080"
"""Where a runner is unless told otherwise."""


def load(spec: Path | None) -> Spec:
    """The spec; ends the command when it cannot be used."""
    return _project(spec).spec


def invoke_each(
    calls: Sequence[tuple[str, Event]],
    *,
    spec: Path | None,
    isolation: Isolation | None,
    data: Path,
) -> list[Mapping[str, Any]]:
    """Invoke functions, one after the other, with events; answers the outcomes.

    Ends the command when the project or its functions cannot be used.
    """
    from local_runner.execution.function_files import LoadError
    from local_runner.project import PUSH_ENDPOINT

    project = _project(spec)
    known = project.spec.addresses()
    for function, _ in calls:
        if function not in known:
            near = "".join(get_close_matches(function, known, n=1, cutoff=0.0))
            fail(f"openapi.yaml names no function {function}; the nearest is {near}.")
    if project.file == OWN_SPEC:
        _prepare_own(data)
    else:
        project.enter(os.environ.get(PUSH_ENDPOINT, RUNNER))
    try:
        return asyncio.run(_invoke_each(calls, project, isolation))
    except LoadError as error:
        fail(str(error))


def _project(spec: Path | None) -> Project:
    from gateway.spec import SpecError
    from local_runner.project import Project

    if spec is None and not OWN_SPEC.exists():
        fail(NO_CHECKOUT)
    try:
        return Project.load(spec or OWN_SPEC)
    except SpecError as error:
        fail(str(error))


def _prepare_own(data: Path) -> None:
    from belfry import wiring
    from local_runner.command.embedded_queue import EmbeddedQueue
    from local_runner.command.terminal import parts_of

    parts = parts_of(data)
    if parts.settings.rabbitmq_url is None:
        parts.queue = EmbeddedQueue(())  # closed: what is published waits for the runner's sweep
    wiring.install(parts)


async def _invoke_each(
    calls: Sequence[tuple[str, Event]], project: Project, isolation: Isolation | None
) -> list[Mapping[str, Any]]:
    addresses = project.spec.addresses()
    if isolation is Isolation.PROCESS:
        from local_runner.execution.process_invoker import ProcessInvoker
        from local_runner.request_log import log_to_standard_error

        log_to_standard_error(LogFormat.TEXT)  # what the function prints, and its REPORT
        apart = ProcessInvoker(project.spec, project.root)
        apart.load_all(addresses)
        try:
            return [await _outcome(apart, *call) for call in calls]
        finally:
            await apart.close()
    from local_runner.execution.thread_invoker import ThreadInvoker

    invoker = ThreadInvoker(project.spec.settings, root=project.root)
    # What it prints is no part of the answer.
    with redirect_stdout(sys.stderr):
        invoker.load_all(addresses)
        return [await _outcome(invoker, *call) for call in calls]


async def _outcome(invoker: Invoker, function: str, event: Event) -> Mapping[str, Any]:
    try:
        return {"answer": await invoker.invoke(function, event)}
    except InvocationError as error:
        return failed(error)
