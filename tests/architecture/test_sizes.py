"""A file is one idea and a function fits a screen; and every module says what it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, modules

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}

every_module = pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))


def lengths(path: Path) -> dict[str, int]:
    """Return the lines of each function; in commands/ without its signature, which is data (options)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    is_command = path.parent.name == "commands"
    return {
        node.name: (node.end_lineno or 0) - (node.body[0].lineno if is_command else node.lineno) + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@every_module
def test_a_file_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@every_module
def test_a_function_fits_a_screen(path: Path) -> None:
    assert {name: lines for name, lines in lengths(path).items() if lines > LONGEST_FUNCTION} == {}


@every_module
def test_a_module_says_what_it_is_in_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{path} has no docstring"
    assert docstring.splitlines()[0].endswith((".", ":"))


@every_module
def test_a_module_has_a_name_of_its_own(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    assert path.parent.name not in FORBIDDEN_NAMES


@pytest.mark.parametrize(
    "path", [path for path in modules() if path.parent.name == "config"], ids=lambda path: path.stem
)
def test_the_measure_counts(path: Path) -> None:
    assert all(lines >= 1 for lines in lengths(path).values())
