"""docs/fidelity.md and the suite speak about the same lines, in both directions."""

import ast
import re
from collections.abc import Iterator
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


def tests() -> Iterator[tuple[str, set[str]]]:
    """Each test of the suite, and the lines that it is marked with."""
    for file in sorted(HERE.glob("test_*.py")):
        if file == Path(__file__):
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{file.name}::{node.name}", _lines(node)


def _lines(node: ast.FunctionDef) -> set[str]:
    return {
        str(ast.literal_eval(argument))
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.line"
        for argument in mark.args
    }


def test_each_line_stands_once() -> None:
    ids = [line for line, _, _ in rows()]
    assert len(ids) > 80
    assert sorted(set(ids)) == sorted(ids)


def test_each_line_has_a_source() -> None:
    assert not [line for line, _, source in rows() if not source]


def test_each_test_proves_lines_of_the_document() -> None:
    known = {line for line, _, _ in rows()}
    assert not [test for test, lines in tests() if not lines]
    assert not [(test, lines - known) for test, lines in tests() if lines - known]


def test_each_line_is_proven_or_says_why_not() -> None:
    marked = {line for _, lines in tests() for line in lines}
    for line, here, _ in rows():
        if here.startswith("tested"):
            assert line in marked or _FILE.search(here), f"{line}: no test is marked with it"
        else:
            assert re.match(r"not emulated: \S", here), f"{line}: neither tested nor a reason"
            assert line not in marked, f"{line}: not emulated, and yet tested"


def test_the_files_that_the_document_names_are_there() -> None:
    named = _FILE.findall(DOCUMENT.read_text())
    assert named
    assert not [name for name in named if not (ROOT / name.partition("#")[0]).exists()]
