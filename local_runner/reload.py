"""`--reload`: functions whose code has changed get new processes; sockets and requests stay."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from watchfiles import PythonFilter, awatch

from gateway.app import Gateway
from gateway.spec import Spec, SpecError, load_spec
from local_runner.execution.function_files import LoadError
from local_runner.execution.process_invoker import ProcessInvoker
from local_runner.project import Project

log = logging.getLogger(__name__)

_OURS = Path(__file__).resolve().parent.parent
_RUNNER = {"gateway", "local_runner"}
"""The folders of a checkout whose code runs the functions, and is no part of them."""
_LATER = "%s changed: the runner takes that at its next start"


async def follow_changes(project: Project, invoker: ProcessInvoker, app: Gateway) -> None:
    """Let code and spec act as soon as they change, until cancelled."""
    current, stale = project.spec, False
    suffixes = PythonFilter(extra_extensions=(project.file.suffix,))
    async for changes in awatch(project.root, watch_filter=suffixes):
        files = {Path(file).relative_to(project.root) for _, file in changes}
        ours = {file for file in files if file.parts[0] in _RUNNER and project.root == _OURS}
        if ours:
            log.warning(_LATER, _names(ours))
        file = Path(project.file.name)
        # One that could not be used is tried again with each change: its function may be there now.
        if stale or file in files:
            new = _new_spec(project, invoker, app)
            current, stale = new or current, new is None
        if code := files - ours - {file}:
            functions = changed_functions(code)
            log.info("%s changed: %s anew", _names(code), _names(functions) or "every function")
            invoker.retire(functions or None)
            app.use(current)  # and forget what authorizers have answered


def _new_spec(project: Project, invoker: ProcessInvoker, app: Gateway) -> Spec | None:
    """Use the file as it is now; None when it cannot be used, and the one before stays."""
    try:
        spec = load_spec(project.file)
        app.check(spec)
        invoker.use(spec)
    except (SpecError, LoadError, ValueError) as error:
        log.error("%s", error)
        return None
    app.use(spec)
    log.info("%s changed: %d functions", project.file.name, len(spec.addresses()))
    if (spec.queues, spec.schedules) != (project.spec.queues, project.spec.schedules):
        log.warning(_LATER, "x-queues or x-schedules")
    return spec


def changed_functions(files: Iterable[Path]) -> set[str]:
    """The functions whose own modules these are; none when other code changed as well."""
    functions = set()
    for file in files:
        if len(file.parts) != 3 or file.parts[0] != "functions" or file.stem == "__init__":
            return set()
        functions.add(f"{file.parts[1]}.{file.stem}")
    return functions


def _names(things: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, things)))
