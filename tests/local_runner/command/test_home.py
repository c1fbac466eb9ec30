"""The runner's folder: made once, kept, and closed to others."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

from belfry.adapters.tokens.issuer import JwtIssuer
from belfry.adapters.tokens.verifier import JwtVerifier
from belfry.model import Role, User
from belfry.settings import Settings
from local_runner.command.home import ADMIN_EMAIL, Home


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "data")
    home.environment()
    home.admin()
    home.started({"url": "http://127.0.0.1:8080", "MONGODB_URI": "mongodb://127.0.0.1"})
    assert mode(home.folder) == 0o700
    files = sorted(home.folder.iterdir())
    assert [file.name for file in files] == ["admin.json", "running.json", "secrets.json"]
    assert {mode(file) for file in files} == {0o600}


def test_secrets_are_made_once_and_for_each_installation(tmp_path: Path) -> None:
    first = Home(tmp_path / "a").environment()
    assert Home(tmp_path / "a").environment() == first
    other = Home(tmp_path / "b").environment()
    same = {name for name in first if first[name] == other[name]}
    assert same == {"AWS_REGION"}


def test_the_secrets_are_settings_that_work(tmp_path: Path) -> None:
    environment = {**Home(tmp_path).environment(), "MONGODB_URI": "mongodb://127.0.0.1"}
    settings = Settings.read(environment)
    assert settings.token_private_key
    now = datetime.now(UTC)
    token, _ = JwtIssuer(settings.token_private_key, lambda: now).issue(
        User("ada", "Ada", "ada@example.com", Role.USER, now)
    )
    assert JwtVerifier(settings.token_public_key).verify(token)[0].user_id == "ada"


def test_the_administrator_is_made_once(tmp_path: Path) -> None:
    assert Home(tmp_path).is_new
    made = Home(tmp_path).admin()
    assert not Home(tmp_path).is_new
    assert made.email == ADMIN_EMAIL
    assert len(made.password) >= 12
    assert Home(tmp_path).admin() == made
    assert made.password not in repr(made)


def test_others_find_the_runner_while_it_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.running() is None
    home.started({"url": "http://127.0.0.1:8080", "MONGODB_URI": "mongodb://127.0.0.1"})
    running = Home(tmp_path).running()
    assert running
    assert running["url"] == "http://127.0.0.1:8080"
    for _ in range(2):
        home.stopped()
        assert Home(tmp_path).running() is None
