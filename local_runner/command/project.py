"""The project that a command works on: Belfry's own, or another one's openapi.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.spec import Spec, SpecError, load_spec
from local_runner.command.terminal import fail

OWN_SPEC = Path(__file__).resolve().parent.parent.parent / "openapi.yaml"

SpecPath = Annotated[
    Path | None,
    typer.Option("--spec", help="The openapi.yaml of another project.", show_default="Belfry's"),
]


def is_own(path: Path | None) -> bool:
    """Whether it is Belfry itself."""
    return path is None or path.resolve() == OWN_SPEC


def load(path: Path | None) -> Spec:
    """The spec; ends the command when it cannot be used."""
    try:
        return load_spec(path or OWN_SPEC)
    except SpecError as error:
        fail(str(error))
