"""Which functions are new when files have changed."""

from pathlib import Path

import pytest

from local_runner.reload import changed_functions


@pytest.mark.parametrize(
    ("files", "functions"),
    [
        (["functions/a/b.py"], {"a.b"}),
        (["functions/a/b.py", "functions/a/c.py"], {"a.b", "a.c"}),
        (["functions/a/b.py", "shared.py"], set()),
        (["functions/a/__init__.py"], set()),
        (["functions/b.py"], set()),
        (["other/a/b.py"], set()),
    ],
)
def test_a_function_is_new_when_only_its_module_changed(
    files: list[str], functions: set[str]
) -> None:
    assert changed_functions(map(Path, files)) == functions
