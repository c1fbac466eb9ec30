"""The packages as `belfry package` makes them, once for a run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.package import Package, package

Packages = dict[str, Package]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """By their kind of processor."""
    return {each.architecture.name: each for each in package(tmp_path_factory.mktemp("build"))}


@pytest.fixture(scope="session")
def made_template(packages: Packages) -> dict[str, Any]:
    """The template that is deployed by default."""
    template: dict[str, Any] = json.loads(packages["arm64"].template.read_text())
    return template
