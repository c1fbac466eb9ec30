"""What the commands of `belfry` share: the folder, its parts, and how an error is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from belfry.errors import BelfryError, ConfigurationError, Unavailable
from local_runner.command.home import Home
from local_runner.console import fail

if TYPE_CHECKING:
    from belfry.client import Belfry
    from belfry.wiring import Deps

Data = Annotated[
    Path, typer.Option("--data", envvar="BELFRY_DATA", help="The folder with data and keys.")
]
DATA = Path(".local")
DOES_IT_RUN = "Does Belfry run? `belfry doctor` looks at every part."


def parts_of(data: Path) -> Deps:
    """The parts of the Belfry that runs here, or that the environment names."""
    from belfry.wiring import Deps

    running = Home(data).running() or {}
    if not running and "MONGODB_URI" not in os.environ:
        _fail_for_want_of_a_runner(data)
    for name, value in {**Home(data).environment(), **running}.items():
        os.environ.setdefault(name, value)
    return Deps()


def url_of(data: Path) -> str:
    """Where the Belfry that runs here is served."""
    running = Home(data).running()
    if running is None:
        _fail_for_want_of_a_runner(data)
    return running["url"]


def api_of(data: Path) -> Belfry:
    """The Belfry that runs here, as its administrator."""
    from belfry.client import Belfry

    url, admin = url_of(data), Home(data).admin()
    return Belfry.log_in(url, admin.email, admin.password)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Ends the command with a sentence, not a traceback, when something foreseen fails."""
    from belfry.client import Problem, Unreachable

    try:
        yield
    except (Unavailable, Unreachable) as error:
        fail(f"{error} {DOES_IT_RUN}")
    except Problem as problem:
        fail(f"{problem} {DOES_IT_RUN}" if problem.status == Unavailable.status else str(problem))
    except (BelfryError, ConfigurationError) as error:
        fail(str(error))


def _fail_for_want_of_a_runner(data: Path) -> NoReturn:
    fail(f"Belfry does not run here (folder {data}). Start it with `make up`.")
