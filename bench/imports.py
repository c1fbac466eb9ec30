"""Milliseconds of a fresh process that imports a function, as a cold start does.

Whole processes, from start to end, in turn with one that imports nothing. The note says how long
it takes until the adapters are made, too, that the function's source asks its `deps` for.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.figure import Aim, Figure, Tell
from bench.processes import ROOT, seconds_of
from gateway.spec import load_spec
from local_runner.home import Home

ROUNDS = 5
READY = """
import os, sys, {module}
from belfry.wiring import Deps
parts = Deps(queue=None)
for name in sys.argv[1:]:
    getattr(parts, name)
os._exit(0)  # a database client's own threads would be waited for
"""


def measure(tell: Tell) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            **Home(Path(folder)).environment(),
            "MONGODB_URI": "mongodb://127.0.0.1:1/?connect=false",
        }
        for address in load_spec(ROOT / "openapi.yaml").addresses():
            tell(address)
            figures.append(_of(address, environment))
    return sorted(figures, key=lambda figure: figure.value, reverse=True)


def _of(address: str, environment: dict[str, str]) -> Figure:
    module = f"functions.{address}"
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    parts = sorted(set(re.findall(r"\bdeps\.([a-z_]+)", source)))
    commands = (
        ["-c", f"import {module}"],
        ["-c", "pass"],
        ["-c", READY.format(module=module), *parts],
    )
    rounds = [
        [seconds_of([sys.executable, *command], environment) * 1e3 for command in commands]
        for _ in range(ROUNDS + 1)
    ][1:]  # the first one compiles, and warms the disk's cache
    imported, bare, ready = zip(*rounds, strict=True)
    return Figure(
        f"import {address}",
        "ms",
        imported,
        bare,
        "python that imports nothing",
        aims=(Aim(200, at_least=False),),
        note=f"with its adapters {median(ready):.0f} ms",
    )
