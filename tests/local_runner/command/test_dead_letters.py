"""`belfry dead-letters`: what it takes, and how dead letters look in the terminal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from belfry import wire
from belfry.model import DeadReason, DeliveryState, new_id
from local_runner.command.dead_letters_view import age_of, letter_lines, list_lines
from local_runner.command.main import app
from tests.contract.people import dead_letter

NOW = datetime.now(UTC)


def belfry(*arguments: str, data: Path) -> Result:
    command = ["dead-letters", *arguments, "--data", str(data)]
    return CliRunner().invoke(app, command, env={"BELFRY_DATA": None, "COLUMNS": "200"})


def shown(state: DeliveryState | None = None, **fields: Any) -> str:
    letter = wire.whole_dead_letter(dead_letter(**fields), state)
    return "\n".join(line.plain for line in letter_lines(letter))


@pytest.mark.parametrize(
    "command",
    [["list"], ["show", "1"], ["redrive", "1"], ["redrive", "--all"], ["drop", "--all"]],
    ids=" ".join,
)
def test_without_a_runner_it_says_how_to_start_one(tmp_path: Path, command: list[str]) -> None:
    result = belfry(*command, data=tmp_path / "data")
    assert result.exit_code == 1
    assert "Belfry does not run here" in result.stderr
    assert "make up" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["redrive", "drop"])
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name ids"),
        (["--reason", "unreadable"], "name ids"),
        (["1", "--all"], "not both"),
        (["1", "--user", "ada"], "not both"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_which_ones_must_be_said_plainly(
    tmp_path: Path, command: str, arguments: list[str], complaint: str
) -> None:
    result = belfry(command, *arguments, data=tmp_path)
    assert result.exit_code == 2
    assert complaint in result.stderr


@pytest.mark.parametrize(
    "option",
    [
        "--since=yesterday",
        "--until=2026-13-01",
        "--since=5",
        "--since=999999d",
        "--reason=because",
        "--limit=0",
    ],
)
def test_an_option_that_makes_no_sense_is_refused(tmp_path: Path, option: str) -> None:
    result = belfry("list", option, data=tmp_path)
    assert result.exit_code == 2
    assert option.partition("=")[0] in result.stderr


@pytest.mark.parametrize(
    "time", ["2h", "90s", "30m", "7d", "2026-01-05", "2026-01-05T10:00:00+01:00"]
)
def test_a_time_is_a_time_or_how_long_ago_it_was(tmp_path: Path, time: str) -> None:
    assert "Belfry does not run here" in belfry("list", f"--since={time}", data=tmp_path).stderr


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86_400, "1 d"),
        (1e9, "11574 d"),
    ],
)
def test_an_age_is_in_the_largest_unit(seconds: float, age: str) -> None:
    assert age_of(NOW - timedelta(seconds=seconds), NOW) == age


def test_the_list_has_two_lines_for_each() -> None:
    person = new_id()
    letter = dead_letter(
        user_id=person, reason=DeadReason.UNKNOWN_NOTIFICATION, error="a\tb\x1b[2Jc", times=3
    )
    lines = [line.plain for line in list_lines([wire.dead_letter(letter)], letter.buried_at)]
    assert len(lines) == 3
    assert lines[1] == f"{letter.id}     0 s  unknown-notification        0"
    assert lines[2] == f"    for {person}: a b [2Jc (3 times)"
    assert max(map(len, lines[:2])) < 80


def test_one_is_shown_with_its_body_as_people_read_it() -> None:
    text = shown(DeliveryState.FAILED, body=b'{"a": "\\u001b"}', notification_id="n")
    assert re.search(r"^notification +n \(now failed\)$", text, re.MULTILINE)
    assert text.endswith('body, 15 bytes\n  {\n    "a": "\\u001b"\n  }')
    assert re.search(r"^notification +n \(unknown\)$", shown(notification_id="n"), re.MULTILINE)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"", "body, 0 bytes"),
        (b"plain\n\x1b[31mtext", "body, 15 bytes\n  plain\n   [31mtext"),
        (b"\xff\xfe", "body, 2 bytes, as base64\n  //4="),
        (b"[" * 5000, "body, 5,000 bytes\n  " + "[" * 5000),
        (b"x" * 70_000, "body, 70,000 bytes, its first 64 KiB\n  " + "x" * 65_536),
        (json.dumps("\u202e").encode(), 'body, 8 bytes\n  " "'),
    ],
    ids=range(6),
)
def test_a_body_never_reaches_the_terminal_raw(body: bytes, seen: str) -> None:
    assert shown(body=body).endswith(seen)


def test_headers_are_shown_as_text() -> None:
    text = shown(headers={"x\x1b": "a\nb", "x-count": 2})
    assert "\nheaders\n  x : a b\n  x-count: 2\nbody" in text
