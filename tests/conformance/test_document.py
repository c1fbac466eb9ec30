"""docs/fidelity.md and the suite speak about the same lines, in both directions."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs" / "fidelity.md"
_ROW = re.compile(r"^\| ((?:HTTP|WS|CONN|LAMBDA|MQ)-\w+) \|(.+)\|(.+)\|(.+)\|$", re.MULTILINE)
_FILE = re.compile(r"\]\(\.\./([^)]+)\)")


def rows() -> list[tuple[str, str, str]]:
    """Of each line its id, what stands under `here`, and its source."""
    found = _ROW.findall(DOCUMENT.read_text())
    return [(line, here.strip(), source.strip()) for line, _, here, source in found]


@dataclass(frozen=True)
class MarkedTest:
    """A test of the suite, and how it is marked."""

    name: str
    lines: frozenset[str]
    isolated: bool


def marked_tests() -> list[MarkedTest]:
    """All tests of the suite but those of this file."""
    return [
        MarkedTest(f"{file.name}::{node.name}", _lines(node), _is_isolated(node))
        for file in sorted(HERE.glob("test_*.py"))
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if file != Path(__file__)
    ]


def _is_isolated(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(mark) == "pytest.mark.isolated" for mark in node.decorator_list)


def _lines(node: ast.FunctionDef) -> frozenset[str]:
    return frozenset(
        str(ast.literal_eval(argument))
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.line"
        for argument in mark.args
    )


def test_each_line_stands_once() -> None:
    ids = [line for line, _, _ in rows()]
    assert len(ids) > 80
    assert sorted(set(ids)) == sorted(ids)


def test_each_line_has_a_source() -> None:
    assert not [line for line, _, source in rows() if not source]


def test_each_test_proves_lines_of_the_document() -> None:
    known = {line for line, _, _ in rows()}
    assert not [test for test in marked_tests() if not test.lines or test.lines - known]


def test_each_line_is_proven_or_says_why_not() -> None:
    marked = {line for test in marked_tests() for line in test.lines}
    for line, here, _ in rows():
        if here.startswith("tested"):
            assert line in marked or _FILE.search(here), f"{line}: no test is marked with it"
        else:
            assert re.match(r"not emulated: \S", here), f"{line}: neither tested nor a reason"
            assert line not in marked, f"{line}: not emulated, and yet tested"


def test_what_needs_processes_is_said_so() -> None:
    everywhere = {line for test in marked_tests() if not test.isolated for line in test.lines}
    isolated = {line for test in marked_tests() if test.isolated for line in test.lines}
    said = {line for line, here, _ in rows() if here == "tested with processes"}
    assert said == isolated - everywhere


def test_the_files_that_the_document_names_are_there() -> None:
    named = _FILE.findall(DOCUMENT.read_text())
    assert named
    assert not [name for name in named if not (ROOT / name.partition("#")[0]).exists()]


def test_the_projects_import_nothing_of_this_repository() -> None:
    own = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"functions"}
    for file in (HERE / "projects").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & own, file
