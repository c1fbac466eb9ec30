"""What `belfry deploy`, `destroy` and `status` share: the stage, and how AWS's errors are told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.markup import escape

from local_runner.console import err, fail

POLL_SECONDS = 2.0
INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C has ended."""

Stage = Annotated[
    str, typer.Option("--stage", metavar="NAME", help="Which deployment, such as prod.")
]
Local = Annotated[
    bool,
    typer.Option("--local", help="At an emulator of AWS: AWS_ENDPOINT_URL, or that of compose."),
]


def pause() -> None:
    """Wait a little before CloudFormation is asked again."""
    time.sleep(POLL_SECONDS)


@contextmanager
def told() -> Iterator[None]:
    """Ends the command with a sentence when something foreseen fails.

    What the command needs is to be imported in here: without the extra `deploy` it is not there.
    """
    try:
        from infra.deploy.aws import DeployError
    except ModuleNotFoundError as error:
        fail(
            f'{error.name} is not installed: `make package` brings it, or install "belfry[deploy]".'
        )
    try:
        yield
    except DeployError as error:
        fail(str(error))


@contextmanager
def goes_on(stage: str) -> Iterator[None]:
    """While CloudFormation works by itself, neither Ctrl-C nor a lost network stops it."""
    from infra.deploy.aws import DeployError

    hint = f"CloudFormation goes on by itself: `belfry status --stage {stage}` shows how far it is."
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"\n{escape(hint)}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except DeployError as error:
        raise DeployError(f"{error} {hint}") from error
