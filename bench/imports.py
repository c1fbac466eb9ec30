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
from local_runner.command.home import Home

ROUNDS = 5
READY_ROUNDS = 3
READY = """
import os, sys, {module}
from belfry.wiring import Deps
parts = Deps(queue=None)
for name in sys.argv[1:]:
    getattr(parts, name)
os._exit(0)  # a database client's own threads would be waited for
"""

SECRETS = dict.fromkeys(
    ("TOKEN_PRIVATE_KEY", "TOKEN_PUBLIC_KEY"),
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys",
)
"""Who changes the keys is told which secrets hold them."""


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
    if "signing_keys" in parts:
        environment = {**environment, **SECRETS}
    seconds_of([sys.executable, "-c", f"import {module}"], environment)  # compiles
    imported, bare = [], []
    for _ in range(ROUNDS):
        imported.append(_milliseconds(environment, f"import {module}"))
        bare.append(_milliseconds(environment, "pass"))
    ready = [
        _milliseconds(environment, READY.format(module=module), *parts) for _ in range(READY_ROUNDS)
    ]
    return Figure(
        f"import {address}",
        "ms",
        imported,
        bare,
        "python that imports nothing",
        aims=(Aim(200, at_least=False),),
        note=f"with its adapters {median(ready):.0f} ms",
    )


def _milliseconds(environment: dict[str, str], program: str, *arguments: str) -> float:
    return seconds_of([sys.executable, "-c", program, *arguments], environment) * 1e3
