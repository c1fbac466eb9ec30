"""`--reload`: functions whose code has changed get new processes; sockets and requests stay."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from watchfiles import PythonFilter, awatch

from local_runner.process_invoker import ProcessInvoker
from local_runner.project import Project

log = logging.getLogger(__name__)

_RUNNER = {"gateway", "local_runner"}
"""The folders of a checkout whose code runs the functions, and is no part of them."""


def _is_ours(project: Project) -> bool:
    return Path(__file__).parent.parent == project.root


async def follow_changes(project: Project, invoker: ProcessInvoker) -> None:
    """Retire processes when their code changes, until cancelled."""
    async for changes in awatch(project.root, watch_filter=PythonFilter()):
        files = {Path(file).relative_to(project.root) for _, file in changes}
        ours = {file for file in files if file.parts[0] in _RUNNER} if _is_ours(project) else set()
        if ours:
            log.warning("%s changed: the runner takes that at its next start", _names(ours))
        if files == ours:
            continue
        functions = changed_functions(files)
        log.info("%s changed: %s anew", _names(files), _names(functions) or "every function")
        invoker.retire(functions or None)


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
