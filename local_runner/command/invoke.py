"""`belfry invoke` and `belfry replay`: call functions without a gateway, as Lambda would."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from gateway.invoker import Event
from local_runner.command.project import SpecPath, invoke_each
from local_runner.command.terminal import DATA, Data
from local_runner.console import fail, out
from local_runner.options import IsolationOption
from local_runner.recording import Recording, RecordingError

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STYLES = {"+": "green", "-": "red"}


def invoke(
    event: Annotated[
        Path, typer.Option("--event", help="A JSON file, or - for standard input; or a recording.")
    ],
    function: Annotated[
        str | None,
        typer.Argument(help="Such as notifications.list; a recording names its own."),
    ] = None,
    spec: SpecPath = None,
    isolation: IsolationOption = None,
    data: Data = DATA,
) -> None:
    """Call one function with an event, as Lambda would, and print its answer."""
    try:
        content = _json(event)
    except RecordingError as error:
        fail(f"{event} cannot be used as an event: {error}")
    try:
        recording = Recording.read(content)
        function, content = function or recording.function, recording.event
    except RecordingError:
        if function is None:
            fail(f"Which function? {event} is an event, not a recording, and names none.")
    if not isinstance(content, dict):
        fail(f"{event} cannot be used as an event: it is no JSON object")
    [outcome] = invoke_each([(function, content)], spec=spec, isolation=isolation, data=data)
    if "error" in outcome:
        fail("{errorType}: {errorMessage}".format_map(outcome["error"]))
    out.print_json(json.dumps(outcome["answer"]))


def replay(
    files: Annotated[list[Path], typer.Argument(help="Recordings, made by `up --record DIR`.")],
    spec: SpecPath = None,
    isolation: IsolationOption = None,
    data: Data = DATA,
) -> None:
    """Invoke again what was recorded, and show where the answers differ (exit code 1)."""
    recordings = [_recording(file) for file in files]
    calls: list[tuple[str, Event]] = [(each.function, each.event) for each in recordings]
    outcomes = invoke_each(calls, spec=spec, isolation=isolation, data=data)
    different = 0
    for file, recording, outcome in zip(files, recordings, outcomes, strict=True):
        lines = list(differences(recording.outcome, outcome))
        mark = Text("✗ ", "red") if lines else Text("✓ ", "green")
        out.print(Text.assemble(mark, (recording.function, "bold"), f" {file}"), soft_wrap=True)
        for line in lines:
            out.print(Text(f"    {line}", _STYLES.get(line[0], "dim")), soft_wrap=True)
        different += bool(lines)
    if different:
        out.print(f"\n{different} of {len(files)} answered differently")
        raise typer.Exit(1)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The lines in which two outcomes differ, marked - and +, with a few around them."""
    # The first two lines would name the files.
    yield from islice(unified_diff(_lines(before), _lines(now), lineterm=""), 2, None)


def _lines(outcome: Mapping[str, Any]) -> list[str]:
    """JSON, line by line; a body that is JSON itself is shown as such, whatever its spacing."""
    answer = outcome.get("answer")
    if isinstance(answer, dict) and isinstance(answer.get("body"), str):
        with suppress(ValueError):  # it is some other text
            outcome = {"answer": {**answer, "body": json.loads(answer["body"])}}
    if "error" in outcome:
        # Lambda's own errors say when it was, and which request.
        message = _ID.sub("ID", _TIME.sub("TIME", outcome["error"]["errorMessage"]))
        outcome = {"error": {**outcome["error"], "errorMessage": message}}
    return json.dumps(outcome, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _recording(file: Path) -> Recording:
    try:
        return Recording.read(_json(file))
    except RecordingError as error:
        fail(f"{file} is no recording: {error}")


def _json(file: Path) -> Any:
    try:
        return json.loads(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingError(str(error)) from error
