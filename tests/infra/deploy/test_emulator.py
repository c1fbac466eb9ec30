"""Deploying to an emulator: chalice's own deployment, read back, repeated and removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.deploy.aws import DeployError
from infra.deploy.emulator import NOT_DONE, of_function
from infra.deploy.emulator import Emulator as Local
from infra.package import ROOT
from infra.template.names import chalice_name
from local_runner.command.main import app
from tests.aws_emulator import REGION
from tests.infra.deploy.emulator import Emulator
from tests.infra.deploy.small_package import small_template, write_package

FUNCTIONS = {
    "belfry-try-auth-check": "functions.auth.check.handler",
    "belfry-try-greetings-hello-again": "functions.greetings.hello_again.handler",
}
ROUTES = {"GET /hello/{name}", "POST /hello/{name}"}


def operation(function: str) -> dict[str, Any]:
    return {
        "operationId": function,
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "responses": {"200": {"description": "a greeting"}},
    }


OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Two functions", "version": "1"},
    "paths": {
        "/hello/{name}": {
            "get": operation("greetings.hello_again"),
            "post": operation("auth.check"),
        }
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `belfry package` leaves beside the package, with two functions only."""
    folder = tmp_path / "chalice" / "arm64"
    (folder / ".chalice").mkdir(parents=True)
    shutil.copy(ROOT / "infra" / "chalice" / "app.py", folder)
    (folder / "openapi.yaml").write_text(yaml.safe_dump(OPENAPI))
    (folder / "requirements.txt").touch()
    names = map(chalice_name, ("greetings.hello_again", "auth.check"))
    functions = {name: {"environment_variables": {"GREETING": "Hello"}} for name in names}
    config = {
        "version": "2.0",
        "app_name": "belfry",
        "manage_iam_role": False,
        "iam_role_arn": "arn:aws:iam::123456789012:role/belfry",
        "stages": {"package": {"lambda_functions": functions}},
    }
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    write_package(tmp_path / "package" / "arm64", small_template())
    return folder


@pytest.fixture
def local(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Local:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Local(emulator.url.removeprefix("http://"), REGION)


def test_what_was_deployed_is_read_back_and_removed(
    emulator: Emulator, local: Local, project: Path
) -> None:
    assert "Creating lambda function" in " ".join(local.deploy(project, "try"))
    assert local.functions("try") == FUNCTIONS
    assert local.routes("try") == ROUTES
    found = emulator.client("lambda").get_function_configuration(
        FunctionName="belfry-try-auth-check"
    )
    assert found["Environment"]["Variables"] == {"GREETING": "Hello", "STAGE": "try"}
    assert local.functions("tr") == {}

    assert "Updating lambda function" in " ".join(local.deploy(project, "try"))
    assert local.functions("try") == FUNCTIONS
    assert len(emulator.client("apigatewayv2").get_apis()["Items"]) == 1

    assert local.destroy("try") == len(FUNCTIONS)
    assert local.functions("try") == {}
    assert local.routes("try") == set()
    assert local.destroy("try") == 0


def test_what_chalice_says_when_it_fails_is_told(local: Local, project: Path) -> None:
    (project / "app.py").write_text("raise RuntimeError('no app today')")
    with pytest.raises(DeployError, match=r"chalice could not deploy.*no app today"):
        list(local.deploy(project, "try"))


def test_a_function_that_is_not_as_declared_is_told(
    emulator: Emulator, local: Local, project: Path
) -> None:
    list(local.deploy(project, "try"))
    client = emulator.client("lambda")
    client.update_function_configuration(FunctionName="belfry-try-auth-check", Handler="app.other")
    with pytest.raises(DeployError, match="something else: belfry-try-auth-check"):
        local.compare(project, "try")


def test_without_a_project_it_says_how_to_make_one(local: Local, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"no project of chalice.*make package"):
        list(local.deploy(tmp_path, "try"))


def belfry(emulator: Emulator, *arguments: str | Path) -> Result:
    command = [*map(str, arguments), "--stage", "try", "--local"]
    return CliRunner().invoke(app, command, env=emulator.environment)


def test_the_commands_say_what_an_emulator_proves_and_what_not(
    emulator: Emulator, project: Path
) -> None:
    package = project.parent.parent / "package" / "arm64"
    result = belfry(emulator, "deploy", "--package", package)
    assert result.exit_code == 0, result.output
    assert "lambda function" not in result.output  # chalice's lines are many
    assert f"belfry-try at {emulator.url}" in result.stdout
    assert "2 functions" in result.stdout
    assert "2 routes" in result.stdout
    for sentence in NOT_DONE:
        assert sentence in result.stdout
    assert "2 functions" in belfry(emulator, "status").stdout
    assert "belfry-try is gone" in belfry(emulator, "destroy").stdout
    assert "Nothing there" in belfry(emulator, "destroy").stdout
    assert "Nothing of belfry-try" in belfry(emulator, "status").stdout


def test_what_chalice_said_is_shown_when_it_fails(emulator: Emulator, project: Path) -> None:
    (project / "app.py").write_text("raise RuntimeError('no app today')")
    result = belfry(emulator, "deploy", "--package", project.parent.parent / "package" / "arm64")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error chalice could not deploy: RuntimeError")


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("Creating lambda function: belfry-try-auth-check", True),
        ("Updating lambda function: belfry-try-auth-check", True),
        ("Creating deployment package.", False),
        ("  - Lambda ARN: arn:aws:lambda:eu-central-1:1:function:a", False),
    ],
    ids=["creating", "updating", "packaging", "summary"],
)
def test_functions_are_counted_by_what_chalice_says(line: str, counts: bool) -> None:
    assert of_function(line) is counts


def test_the_count_goes_up_to_all_functions(local: Local, project: Path) -> None:
    lines = list(local.deploy(project, "try"))
    assert sum(map(of_function, lines)) == local.wanted(project) == len(FUNCTIONS)
