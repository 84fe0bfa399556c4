"""Each of the 25 failures that others had has a module here, and none is lost later."""

import ast
import re
from pathlib import Path

import pytest

MODULES = {
    int(match[1]): path
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if (match := re.fullmatch(r"test_(\d\d)_[a-z0-9_]+\.py", path.name))
}


@pytest.mark.parametrize("number", range(1, 26))
def test_a_failure_has_a_module_that_says_what_it_is_and_tests_it(number: int) -> None:
    module = ast.parse(MODULES[number].read_text(encoding="utf-8"))
    assert ast.get_docstring(module), f"{MODULES[number].name}: say what failed, and in which software it was seen"
    tests = [
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert tests, f"{MODULES[number].name} tests nothing"


def test_no_number_is_given_twice_and_there_are_no_others() -> None:
    numbered = list(Path(__file__).parent.glob("test_[0-9]*.py"))
    assert sorted(MODULES) == list(range(1, 26))
    assert len(numbered) == len(MODULES)
