"""What README and docs/ name is there: each command of `belfry` with its options, and each link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from local_runner.command.main import app
from tests.declared import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
COMMAND = re.compile(r"(?m)(?:^ *|`|\.venv/bin/)belfry ([a-z].*?)(?:`|$|  | #)")
LINK = re.compile(r"\]\(((?!https?:)[^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_is_there_with_its_options(page: Path) -> None:
    wrong = [call for call in COMMAND.findall(page.read_text()) if not _is_there(call)]
    assert wrong == []


def test_commands_that_are_not_there_are_noticed() -> None:
    assert _is_there("deploy --stage prod")
    assert _is_there("dead-letters")
    assert not _is_there("deploy --stag prod")
    assert not _is_there("undeploy")
    assert not _is_there("dead-letters find")


def test_the_pages_name_commands() -> None:
    named = {call.split()[0] for page in PAGES for call in COMMAND.findall(page.read_text())}
    assert {"up", "send", "package", "deploy", "status", "destroy", "smoke", "cost"} <= named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    wrong = [link for link in LINK.findall(page.read_text()) if not _leads_somewhere(page, link)]
    assert wrong == []


def _is_there(call: str) -> bool:
    command, words = typer.main.get_command(app), call.split()
    while isinstance(command, TyperGroup) and words:
        name = words.pop(0).rstrip(",.")
        if name not in command.commands:
            return False
        command = command.commands[name]
    options = {name for each in command.params for name in each.opts}
    return {word for word in words if word.startswith("--")} <= options


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    there = page.parent / name if name else page
    return there.exists() and (not anchor or anchor in _anchors(there))


def _anchors(page: Path) -> set[str]:
    """The headings, as GitHub makes anchors of them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}
