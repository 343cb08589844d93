"""Consoles and tables as pipes and terminals see them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamscore_cli.core.choices import NoModel
from streamscore_cli.ui.console import make_console, make_table
from streamscore_cli.ui.json_text import to_json

ROWS = [("models_data", 4, "y" * 200), ("[bold]:smile:", 12, "short\x1b[31m\n")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *, coloured: bool, width: int | None = None) -> list[str]:
    console = make_console(stream, coloured=coloured, width=width)
    console.print(make_table(("TOPIC", "PARTITIONS", "NOTE"), ROWS, numbers=("PARTITIONS",)))
    return stream.getvalue().splitlines()


def test_a_pipe_gets_a_line_a_row_nothing_cut_and_no_colour() -> None:
    lines = shown(io.StringIO(), coloured=False)
    assert [line.split() for line in lines] == [
        ["TOPIC", "PARTITIONS", "NOTE"],
        ["models_data", "4", "y" * 200],
        ["[bold]:smile:", "12", r"short\x1b[31m\n"],
    ]


def test_a_narrow_terminal_folds_the_last_column_only() -> None:
    lines = shown(Terminal(), coloured=False, width=80)
    assert all(len(line) <= 80 for line in lines)
    assert "".join(lines).count("y") == 200


def test_numbers_are_aligned_to_the_right() -> None:
    first, second = (line for line in shown(io.StringIO(), coloured=False) if "4 " in line or "12 " in line)
    assert first.index("4") == second.index("12") + 1


def test_colour_is_for_terminals_only() -> None:
    assert "\x1b[" in "".join(shown(Terminal(), coloured=True, width=80))
    assert "\x1b[" not in "".join(shown(Terminal(), coloured=False, width=80))


class ClosedPipe(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_closed_pipe_is_left_to_the_caller() -> None:
    with pytest.raises(BrokenPipeError):
        shown(ClosedPipe(), coloured=False)


@dataclass(frozen=True, slots=True)
class Value:
    choice: NoModel
    path: Path


def test_json_of_values() -> None:
    text = to_json([Value(NoModel.DEAD_LETTER, Path("/x")), {"ä": 1}, frozenset({"b", "a"})], indent=False)
    assert text == '[{"choice": "dead-letter", "path": "/x"}, {"ä": 1}, ["a", "b"]]'


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json(object())
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))
