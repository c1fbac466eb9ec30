"""The files that need no Docker to be checked: variables, their defaults, and the secrets."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from infra import compose_secrets
from infra.compose_secrets import MONGODB, RUNNER
from local_runner.command.home import Home

ROOT = Path(__file__).parent.parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SECRETS_OF_CONTAINERS = {"MONGODB_URI", "RABBITMQ_URL"}


def make(folder: Path) -> dict[Path, tuple[int, int]]:
    """Make the secrets, and return who would own each file."""
    owners: dict[Path, tuple[int, int]] = {}

    def remember(path: Path, owner: int, group: int) -> None:
        owners[path.relative_to(folder)] = owner, group

    compose_secrets.make(folder, remember)
    return owners


def contents(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_env_example_has_every_variable_with_its_default() -> None:
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    assert len(re.findall(r"\$\{", COMPOSE)) == len(re.findall(r"\$\{\w+:-[^}]+\}", COMPOSE))
    example = (ROOT / ".env.example").read_text()
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == used


def test_every_variable_of_the_edge_is_given_by_compose() -> None:
    used = set(re.findall(r"\$\{(\w+)\}", (ROOT / "gateway" / "nginx.conf").read_text()))
    services = yaml.safe_load(COMPOSE)["services"]
    given = set(services["edge"]["environment"])
    assert used == {name for name in given if name.startswith("EDGE_")}


def test_the_runner_gets_the_secrets_that_it_makes_elsewhere(tmp_path: Path) -> None:
    make(tmp_path)
    made = Home(tmp_path / "runner").environment()
    assert set(made) == set(Home(tmp_path / "elsewhere").environment()) | SECRETS_OF_CONTAINERS
    assert (
        Home(tmp_path / "runner").admin().password
        in contents(tmp_path)[tmp_path / "runner" / "admin.json"]
    )


def test_making_the_secrets_again_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    make(tmp_path)
    assert contents(tmp_path) == before


def test_a_secret_that_a_new_version_needs_is_added(tmp_path: Path) -> None:
    make(tmp_path)
    file = tmp_path / "runner" / "secrets.json"
    file.unlink()
    file.write_text('{"AWS_REGION": "eu-central-1"}')
    make(tmp_path)
    made = Home(tmp_path / "runner").environment()
    assert made["AWS_REGION"] == "eu-central-1"
    assert set(made) > SECRETS_OF_CONTAINERS


def test_no_secret_can_be_read_by_others(tmp_path: Path) -> None:
    owners = make(tmp_path)
    for path in tmp_path.rglob("*"):
        assert not path.stat().st_mode & stat.S_IRWXO, path
    assert owners[Path("mongodb")] == (0, MONGODB)
    assert owners[Path("mongodb/keyfile.new")] == (MONGODB, MONGODB)
    assert owners[Path("runner/secrets.json.new")] == (0, RUNNER)


def test_the_services_get_the_passwords_that_the_runner_has(tmp_path: Path) -> None:
    make(tmp_path)
    made = Home(tmp_path / "runner").environment()
    mongodb = (tmp_path / "mongodb" / "belfry-password").read_text()
    rabbitmq = (tmp_path / "rabbitmq" / "rabbitmq.conf").read_text()
    assert f"belfry:{mongodb}@mongodb" in made["MONGODB_URI"]
    (password,) = re.findall("default_pass = (.*)", rabbitmq)
    assert f"belfry:{password}@rabbitmq" in made["RABBITMQ_URL"]
    assert "default_user = belfry" in rabbitmq


@pytest.mark.compose
def test_docker_compose_finds_nothing_to_warn_about() -> None:
    for options in ([], ["--env-file", ".env.example"]):
        command = ["docker", "compose", *options, "config", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
