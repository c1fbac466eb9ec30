"""From a fresh process to a function's first answer, from the zip alone.

Whole processes, one after the other: a bare Python, every function, and one that imports all of
them, in each round. What counts is processor time, which a busy machine changes least. Nothing is
compiled beforehand, as on Lambda, where the code cannot be written to and the zip holds sources.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.cold_start.deployment import Deployment
from bench.figure import BenchmarkError, Tell
from bench.report import machine

ROUNDS = 3
CHILD = Path(__file__).with_name("child.py")
SAMPLED = ("auth.authorize", "auth.me", "notifications.create", "dispatch.deliver")
"""The busiest, for what differs little between functions."""

OWN = ("belfry", "functions")
_IMPORTED = re.compile(r"import time: +(\d+) \| +\d+ \| +([\w.]+)$", re.MULTILINE)
Variables = Mapping[str, str]


@dataclass(slots=True)
class Start:
    """A function's cold starts, one value a round: milliseconds of processor, and the most MiB."""

    function: str
    ready: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    imports: Sequence[tuple[str, float]] = ()
    """The packages that take longest, with milliseconds of one more run."""

    @property
    def milliseconds(self) -> tuple[float, float]:
        """Until it is ready, and from then until its first answer: medians."""
        return median(self.ready), median(self.answer)

    def add(self, told: Mapping[str, Any]) -> None:
        self.ready.append(told["ready"] * 1e3)
        self.answer.append((told["answered"] - told["ready"]) * 1e3)
        self.megabytes.append(told["megabytes"])


@dataclass(frozen=True, slots=True)
class Compared:
    """Milliseconds of processor to a function's first answer: as it is, and in two other ways."""

    function: str
    usual: Sequence[float]
    without_secrets: Sequence[float]
    compiled: Sequence[float]


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the page tells."""

    machine: str
    zip_bytes: int
    unpacked_bytes: int
    bare: Start
    everything: Start
    starts: Sequence[Start]
    compared: Sequence[Compared]


def measure(place: Deployment, tell: Tell) -> Measured:
    where, size = machine(), _size(place.unpacked)
    bare, everything = Start("nothing"), Start("everything")
    starts = [Start(function) for function in place.events]
    all_modules = [f"functions.{function}" for function in place.events]
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        _add(bare, place.unpacked, (), {})
        _add(everything, place.unpacked, all_modules, place.everything)
        for start in starts:
            _start(place, start)
    tell("what their imports cost")
    for start in starts:
        start.imports = _imports(place, start.function)
    tell("secrets, and compiled code")
    compared = [_compare(place, function) for function in SAMPLED]
    return Measured(where, place.zip.stat().st_size, size, bare, everything, starts, compared)


def _start(place: Deployment, start: Start) -> None:
    event, variables = place.events[start.function], place.variables[start.function]
    _add(start, place.unpacked, [f"functions.{start.function}"], variables, event)


def _add(
    start: Start, folder: Path, modules: Sequence[str], variables: Variables, event: Any = None
) -> None:
    told, _ = _run(folder, modules, variables, event)
    start.add(told)


def _run(
    folder: Path, modules: Sequence[str], variables: Variables, event: Any, *options: str
) -> tuple[Mapping[str, Any], str]:
    """What the child told, and its stderr. Raises BenchmarkError for an answer that is none."""
    command = [sys.executable, "-I", "-S", "-B", *options, str(CHILD), str(folder), *modules]
    text = "" if event is None else json.dumps(event)
    done = subprocess.run(
        command, input=text, env=dict(variables), capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        raise BenchmarkError(f"{modules}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "error" in told or _is_refusal(told.get("answer")):
        raise BenchmarkError(f"{modules}: {told}")
    return told, done.stderr


def _is_refusal(answer: Any) -> bool:
    """Whether it was given before the database was asked, or because it did not answer."""
    if not isinstance(answer, dict):
        return False
    status: int = answer.get("statusCode", 200)
    return status == 400 or status >= 500 or '"status":400' in str(answer.get("body"))


def _imports(place: Deployment, function: str) -> Sequence[tuple[str, float]]:
    """The three packages that take longest; the whole of Python's own library counts as one."""
    event, variables = place.events[function], place.variables[function]
    modules = [f"functions.{function}"]
    _, told = _run(place.unpacked, modules, variables, event, "-X", "importtime")
    spent: Counter[str] = Counter()
    for microseconds, name in _IMPORTED.findall(told):
        package = name.partition(".")[0]
        if package in sys.stdlib_module_names:
            package = "Python's own"
        elif package in OWN:
            package = "Belfry"
        spent[package] += int(microseconds)
    return [(package, microseconds / 1e3) for package, microseconds in spent.most_common(3)]


def _compare(place: Deployment, function: str) -> Compared:
    compiled = place.unpacked.with_name("compiled")
    if not compiled.exists():
        shutil.copytree(place.unpacked, compiled)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(compiled, quiet=1, invalidation_mode=mode)
    usual, plain, fast = Start(function), Start(function), Start(function)
    modules, event = [f"functions.{function}"], place.events[function]
    for _ in range(ROUNDS):
        _add(usual, place.unpacked, modules, place.variables[function], event)
        _add(plain, place.unpacked, modules, place.plain_variables[function], event)
        _add(fast, compiled, modules, place.variables[function], event)
    return Compared(function, *map(_total, (usual, plain, fast)))


def _total(start: Start) -> Sequence[float]:
    return [ready + answer for ready, answer in zip(start.ready, start.answer, strict=True)]


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
