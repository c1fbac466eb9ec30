"""`chalice deploy`, again, and `chalice delete`, of all functions, at an emulator of AWS.

moto keeps what it is told and gives it back. It runs no function, and knows neither API Gateway's
authorizers nor Amazon MQ nor rights: of those this proves nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.spec import load_spec
from infra.deploy.emulator import Emulator as Local
from infra.package import CHALICE, ROOT
from infra.template.http_api import definition
from infra.template.names import chalice_name
from tests.aws_emulator import REGION
from tests.infra.conftest import Packages
from tests.infra.deploy.emulator import Emulator

SPEC = load_spec(ROOT / "openapi.yaml")
STAGE = "try"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def project(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `belfry package` gave chalice, with the variables of an operator."""
    made = packages["arm64"].zip.parents[2] / "chalice" / "arm64"
    project = tmp_path_factory.mktemp("chalice") / "arm64"
    shutil.copytree(made, project)
    return project


def variables(project: Path, given: Mapping[str, str]) -> None:
    """Let all functions have these variables, as who deploys would."""
    file = project / ".chalice" / "config.json"
    config = json.loads(file.read_text())
    for function in config["stages"]["package"]["lambda_functions"].values():
        function["environment_variables"] = dict(given)
    file.write_text(json.dumps(config))


def deployed(emulator: Emulator) -> dict[str, tuple[str, int, dict[str, str], list[str]]]:
    """Handler, memory, variables and processor of each function, by its name."""
    pages = emulator.client("lambda").get_paginator("list_functions").paginate()
    return {
        each["FunctionName"]: (
            each["Handler"],
            each["MemorySize"],
            each["Environment"]["Variables"],
            each["Architectures"],
        )
        for page in pages
        for each in page["Functions"]
    }


def expected(given: Mapping[str, str]) -> dict[str, tuple[str, int, dict[str, str], list[str]]]:
    return {
        f"belfry-{STAGE}-{chalice_name(function)}": (
            f"functions.{function}.handler",
            SPEC.settings(function).memory_megabytes,
            {"STAGE": STAGE, **given},
            ["arm64"],
        )
        for function in SPEC.addresses()
    }


def test_all_functions_are_deployed_updated_and_deleted(
    emulator: Emulator, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    local = Local(emulator.url.removeprefix("http://"), REGION)
    variables(project, {"MONGODB_URI": "mongodb://one"})
    list(local.deploy(project, STAGE))
    assert deployed(emulator) == expected({"MONGODB_URI": "mongodb://one"})
    assert routes(emulator) == declared()

    variables(project, {"MONGODB_URI": "mongodb://two"})
    said = " ".join(local.deploy(project, STAGE))
    assert "Updating lambda function" in said
    assert "Creating lambda function" not in said
    assert deployed(emulator) == expected({"MONGODB_URI": "mongodb://two"})
    assert routes(emulator) == declared()

    chalice_delete(emulator, project)
    assert deployed(emulator) == {}


def routes(emulator: Emulator) -> set[str]:
    """What API Gateway made of what it imported."""
    client = emulator.client("apigatewayv2")
    (api,) = client.get_apis()["Items"]
    pages = client.get_paginator("get_routes").paginate(ApiId=api["ApiId"])
    return {route["RouteKey"] for page in pages for route in page["Items"]}


def declared() -> set[str]:
    """The routes of openapi.yaml, and of what is imported, which are the same."""
    paths: dict[str, dict[str, Any]] = definition(SPEC)["paths"]
    imported = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    assert imported == {f"{each.method} {each.path}" for each in SPEC.operations}
    return imported


def chalice_delete(emulator: Emulator, project: Path) -> None:
    given = {name: value for name, value in emulator.environment.items() if value is not None}
    subprocess.run(
        [*CHALICE, "delete", f"--stage={STAGE}"],
        cwd=project,
        env={**os.environ, **given},
        check=True,
        capture_output=True,
        timeout=120,
    )
