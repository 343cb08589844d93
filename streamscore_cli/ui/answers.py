"""Answers of a scored file as a table on a terminal, the first of them; pipes get other forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_DIGITS = 6

AddRow = Callable[[Sequence[object]], None]


@contextmanager
def answer_table(console: Console, limit: int) -> Iterator[AddRow]:
    """Yield what takes the header and then the rows; at the end print the first `limit`, and how many there are."""
    from streamscore_cli.ui.console import make_table

    lines: list[Sequence[object]] = []
    count = 0

    def add(row: Sequence[object]) -> None:
        nonlocal count
        count += 1
        if len(lines) <= limit:
            lines.append(row)

    yield add
    if not lines:
        return
    header, *rows = lines
    names = [str(name).upper() for name in header]
    console.print(make_table(names, [[_shown(cell) for cell in row] for row in rows], numbers=names))
    if count - 1 > len(rows):
        console.print(f"The first {len(rows):,} of {count - 1:,} rows; --output FILE or a pipe gets all.")


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.{SHOWN_DIGITS}g}"
    return str(cell)
