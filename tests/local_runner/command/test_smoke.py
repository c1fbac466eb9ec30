"""`belfry smoke`: what it asks for, and how steps look; tests/e2e/test_smoke.py has the steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from infra.smoke import Step
from local_runner.command.main import app
from local_runner.command.smoke import show
from tests.runner import free_port

URL = "https://belfry.example.com"
AS_ADMIN = ["--admin-email", "admin@example.com"]


def belfry(*arguments: str, data: Path, password: str | None = None) -> Result:
    """Run it where nothing of Belfry is in the environment."""
    command = ["smoke", *arguments, "--data", str(data)]
    environment = {"BELFRY_DATA": None, "BELFRY_ADMIN_PASSWORD": password}
    return CliRunner().invoke(app, command, env=environment)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Belfry does not run here"),
        (["--url", URL], "Name an administrator by --admin-email"),
        (["--url", URL, *AS_ADMIN], "Set BELFRY_ADMIN_PASSWORD to the password of admin@"),
    ],
    ids=["nothing", "an address", "an address and an administrator"],
)
def test_what_is_missing_is_named_with_how_to_get_it(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = belfry(*arguments, data=tmp_path / "data")
    assert result.exit_code == 1
    assert said in result.stderr
    assert not arguments or "AdministratorSecret" in result.stderr
    assert not arguments or "docker compose exec runner cat /data/admin.json" in result.stderr


def test_the_password_is_no_argument(tmp_path: Path) -> None:
    result = belfry("--url", URL, *AS_ADMIN, "--admin-password", "secret", data=tmp_path)
    assert result.exit_code == 2
    assert "No such option" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "belfry.example.com"], "url: 'belfry.example.com' does not begin with http"),
        (["--url", URL, "--ws-url", "https://x/ws"], "'https://x/ws' does not begin with ws"),
    ],
    ids=["the API", "the WebSocket"],
)
def test_an_address_that_is_none_is_named(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = belfry(*arguments, *AS_ADMIN, data=tmp_path, password="secret")
    assert result.exit_code == 1
    assert said in result.stderr


def test_nobody_at_the_address_is_the_first_step(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = belfry("--url", url, *AS_ADMIN, data=tmp_path, password="secret")
    assert result.exit_code == 1
    assert result.stdout.startswith("✗ every part answers")
    assert f"{url} does not answer." in result.stdout
    assert "Failed: every part answers. Look at " in result.stderr
    assert "secret" not in result.output


def test_each_step_is_a_line_and_the_end_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    show([Step("one", True, 0.0123, "seen"), Step("two", True, 1.5, "")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        f"✓ {'one':<31}     12 ms  seen",
        f"✓ {'two':<31}  1,500 ms",
        "",
        "All is well: 2 steps in 1.5 s, nothing left behind",
    ]


def test_what_a_server_says_does_not_reach_the_terminal_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hostile = Step("one", False, 0.1, "\x1b[2J[red]no[/]\n", "the log of one")
    with pytest.raises(typer.Exit) as ended:
        show([hostile, Step("two", True, 0.1, "")])
    assert ended.value.exit_code == 1
    said = capsys.readouterr()
    assert " [2J[red]no[/] " in said.out
    assert "\x1b[2J" not in said.out
    assert said.err == "error Failed: one. Look at the log of one.\n"
