"""Which functions a project has as files: functions/<service>/<endpoint>.py."""

import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path


class LoadError(Exception):
    """Functions cannot be used; the message has a line for each."""


def file_of(package: str, address: str) -> str:
    return f"{package}.{address}".replace(".", "/") + ".py"


def missing(package: str, address: str) -> str:
    """The complaint about a function whose file is not there."""
    return f"{address}: there is no {file_of(package, address)}: write it"


def undeclared(package: str, folders: Iterable[Path], declared: Iterable[str]) -> Iterator[str]:
    """A complaint for each file that nothing names."""
    files = [file for folder in folders for file in folder.glob("*/*.py")]
    # A name with _ at its beginning is no function's: __init__, and what they share.
    found = {f"{file.parent.name}.{file.stem}" for file in files if file.stem[0] != "_"}
    for address in sorted(found - set(declared)):
        yield (
            f"{file_of(package, address)} is not declared: name {address} in openapi.yaml, "
            "or move it out of functions/"
        )


def check(root: Path, addresses: Iterable[str]) -> None:
    """See that a project has a file for every function, and no other, without importing any.

    Raises:
        LoadError: it has not.
    """
    if problems := list(_problems(root, sorted(set(addresses)))):
        raise LoadError("\n".join(problems))


def _problems(root: Path, declared: list[str]) -> Iterator[str]:
    folder = root / "functions"
    for address in declared:
        if not (root / file_of("functions", address)).is_file():
            yield missing("functions", address)
    yield from undeclared("functions", [folder], declared)
    package = PathFinder.find_spec("functions", [str(root), *sys.path])
    found = list((package and package.submodule_search_locations) or ())
    # A package with an __init__.py hides folders without one, wherever on the path it is.
    if folder.is_dir() and str(folder) not in found:
        yield (
            f"{folder.name}/__init__.py is missing, so {', '.join(found)} is imported instead: "
            "make an empty one"
        )
