"""`--reload`: functions whose code has changed get new processes; sockets and requests stay."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from watchfiles import PythonFilter, awatch

from gateway.app import Gateway
from gateway.spec import SpecError, load_spec
from local_runner.execution.function_files import LoadError
from local_runner.execution.process_invoker import ProcessInvoker
from local_runner.project import Project

log = logging.getLogger(__name__)

_OURS = Path(__file__).resolve().parent.parent
_RUNNER = {"gateway", "local_runner"}
"""The folders of a checkout whose code runs the functions, and is no part of them."""
_NAMES = 5
_LATER = "%s changed: the runner takes that at its next start"


async def follow_changes(project: Project, invoker: ProcessInvoker, app: Gateway) -> None:
    """Let code and spec act as soon as they change, until cancelled."""
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    following = _Following(project, invoker, app)
    suffixes = PythonFilter(extra_extensions=(project.file.suffix,))
    async for changes in awatch(project.root, watch_filter=suffixes):
        files = {Path(file).relative_to(project.root) for _, file in changes}
        try:
            following.take(files)
        except Exception:
            log.exception("%s changed, and the runner does not know what to do", _names(files))


class _Following:
    """What runs, and what has changed since."""

    def __init__(self, project: Project, invoker: ProcessInvoker, app: Gateway) -> None:
        self._project = project
        self._invoker = invoker
        self._app = app
        self._spec = project.spec
        self._stale = False
        """The spec has changed, and cannot be used so far."""

    def take(self, files: set[Path]) -> None:
        """Use what has changed."""
        own_checkout = self._project.root == _OURS
        ours = {file for file in files if own_checkout and file.parts[0] in _RUNNER}
        if ours:
            log.warning(_LATER, _names(ours))
        spec = Path(self._project.file.name)
        # One that could not be used is tried again with each change: its function may be there now.
        if self._stale or spec in files:
            self._stale = not self._use_spec()
        if code := files - ours - {spec}:
            functions = changed_functions(code)
            log.info("%s changed: %s anew", _names(code), _names(functions) or "every function")
            self._invoker.retire(functions or None)
            self._app.use(self._spec)  # and forget what authorizers have answered

    def _use_spec(self) -> bool:
        """Whether the file can be used as it is now; the one before stays if not."""
        try:
            spec = load_spec(self._project.file)
            self._app.check(spec)
            self._invoker.use(spec)
        except (SpecError, LoadError, ValueError) as error:
            log.error("%s", error)
            return False
        self._app.use(spec)
        log.info("%s changed: %d functions", self._project.file.name, len(spec.addresses()))
        before = self._project.spec
        if (spec.queues, spec.schedules) != (before.queues, before.schedules):
            log.warning(_LATER, "x-queues or x-schedules")
        self._spec = spec
        return True


def changed_functions(files: Iterable[Path]) -> set[str]:
    """The functions whose own modules these are; none when other code changed as well."""
    functions = set()
    for file in files:
        if len(file.parts) != 3 or file.parts[0] != "functions" or file.stem == "__init__":
            return set()
        functions.add(f"{file.parts[1]}.{file.stem}")
    return functions


def _names(things: Iterable[object]) -> str:
    names = sorted(map(str, things))
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
