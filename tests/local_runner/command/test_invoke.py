"""`belfry invoke` and `belfry replay`, for a project that is not Belfry."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.invoker import Event, FunctionError
from local_runner.command.invoke import differences
from local_runner.recording import Recorder
from tests.gateway.served import Functions

FUNCTIONS = {
    "adds": "def handler(event, context):\n    return {'sum': sum(event['of'])}\n",
    "fails": "def handler(event, context):\n    raise KeyError('no')\n",
    "looks": (
        "import os, sys\n"
        "def handler(event, context):\n"
        "    wired = [name for name in sys.modules if name.split('.')[0] == 'pymongo'\n"
        "             or name == 'belfry.wiring']\n"
        "    return {'wired': wired, 'folder': os.getcwd(), 'region': os.environ['AWS_REGION']}\n"
    ),
}
ISOLATIONS = [
    "thread",
    pytest.param(
        "process", marks=pytest.mark.skipif(sys.platform != "linux", reason="needs awslambdaric")
    ),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The openapi.yaml of a project with three functions."""
    folder = tmp_path / "project" / "functions" / "sums"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").touch()
    for name, code in FUNCTIONS.items():
        (folder / f"{name}.py").write_text(code)
    spec = tmp_path / "project" / "openapi.yaml"
    paths = "".join(f"  /{n}: {{ get: {{ operationId: sums.{n} }} }}\n" for n in FUNCTIONS)
    spec.write_text(f'openapi: 3.0.3\ninfo: {{ title: T, version: "1" }}\npaths:\n{paths}')
    return spec


def belfry(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, because it changes its folder and its modules."""
    command = [sys.executable, "-m", "local_runner.command", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if "MONGO" not in name}
    environment |= {"COLUMNS": "200", "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        command,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def invoke(spec: Path, function: str, event: Any, *more: str) -> subprocess.CompletedProcess[str]:
    given = json.dumps(event)
    return belfry("invoke", function, "--event", "-", "--spec", spec, *more, given=given)


def recording(folder: Path, function: str, event: Event, outcome: Any) -> Path:
    """What the runner writes of an invocation that ended so."""

    def end(_: Event) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    recorder = Recorder(Functions({function: end}), folder)
    with suppress(FunctionError):
        asyncio.run(recorder.invoke(function, event))
    recorder.close()
    return max(folder.iterdir())


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_function_of_another_project_is_called_without_the_product(
    project: Path, isolation: str
) -> None:
    result = invoke(project, "sums.looks", {}, "--isolation", isolation)

    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer == {"wired": [], "folder": str(project.parent), "region": "us-east-1"}


def test_an_error_of_the_function_ends_the_command_with_it(project: Path) -> None:
    result = invoke(project, "sums.fails", {})

    assert result.returncode == 1
    assert "error KeyError: 'no'" in result.stderr
    assert result.stdout == ""


def test_a_recording_names_its_function(project: Path, tmp_path: Path) -> None:
    file = recording(tmp_path / "kept", "sums.adds", {"of": [1, 2]}, {"sum": 3})

    result = belfry("invoke", "--event", file, "--spec", project)

    assert json.loads(result.stdout) == {"sum": 3}


@pytest.mark.parametrize(
    ("function", "event", "complaint"),
    [
        ([], "{}", "Which function?"),
        (["sums.adds"], "[]", "it is no JSON object"),
        (["sums.ads"], "{}", "openapi.yaml names no function sums.ads; the nearest is sums.adds."),
    ],
)
def test_what_is_wrong_is_said(
    project: Path, function: list[str], event: str, complaint: str
) -> None:
    result = belfry("invoke", *function, "--event", "-", "--spec", project, given=event)

    assert result.returncode == 1
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_a_project_that_cannot_be_loaded_is_told_about(project: Path) -> None:
    (project.parent / "functions" / "sums" / "adds.py").unlink()

    result = invoke(project, "sums.fails", {})

    assert result.returncode == 1
    assert "there is no functions/sums/adds.py" in result.stderr


def test_what_was_recorded_is_replayed_and_compared(project: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    same = recording(kept, "sums.adds", {"of": [1, 2]}, {"sum": 3})
    failed = recording(kept, "sums.fails", {}, FunctionError("KeyError", "'no'"))
    other = recording(kept, "sums.adds", {"of": [1, 2]}, {"sum": 4})

    well = belfry("replay", same, failed, "--spec", project)
    badly = belfry("replay", same, other, "--spec", project)

    assert well.returncode == 0, well.stderr
    assert [line[:1] for line in well.stdout.splitlines()] == ["✓", "✓"]
    assert badly.returncode == 1
    assert f"✗ sums.adds {other}" in badly.stdout
    assert '-    "sum": 4' in badly.stdout
    assert '+    "sum": 3' in badly.stdout
    assert badly.stdout.endswith("1 of 2 answered differently\n")


def test_a_file_that_is_no_recording_is_named(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text('{"event": {}}')

    result = belfry("replay", file, "--spec", project)

    assert result.returncode == 1
    assert f"{file} is no recording: it has no function" in result.stderr


def test_bodies_that_are_the_same_json_do_not_differ() -> None:
    before = {"answer": {"statusCode": 200, "body": '{"a": 1, "b": 2}'}}
    assert not list(differences(before, {"answer": {"statusCode": 200, "body": '{"b":2,"a":1}'}}))
    found = list(differences(before, {"answer": {"statusCode": 200, "body": '{"b":3,"a":1}'}}))
    assert [line for line in found if line[0] != " "][1:] == ['-      "b": 2', '+      "b": 3']
    text = {"answer": {"statusCode": 200, "body": "text"}}
    assert list(differences(text, {"error": {"errorType": "KeyError", "errorMessage": "x"}}))
    assert not list(differences(text, text))
