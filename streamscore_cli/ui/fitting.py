"""Tables in which a row is exactly one line, whatever the width: columns are left out, the last is cut off.

For full-screen views, where a row that folds would push the others off the screen; other tables are in `console.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from streamscore_cli.core.printable import printable

GAP = 2
LEAST_LAST = 20
"""Blanks between columns; what the last column has at least before others are left out for it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the one with the largest `spare` is left out first where it is narrow, 0 says never."""

    heading: str
    spare: int = 0
    number: bool = False


Row = Sequence[str | Text]
"""The cells of a row; what is no `Text` has its control characters shown as escapes."""


def fit(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[Text]:
    """Return the heading and a line a row, none wider than `width`."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    widths = [
        max([cell_len(column.heading), *(row[place].cell_len for row in cells)]) for place, column in enumerate(columns)
    ]
    kept = _that_fit(columns, widths, width)
    heading = [Text(column.heading, style="bold") for column in columns]
    return [_line(columns, row, widths, kept, width) for row in (heading, *cells)]


def cut(line: Text, width: int) -> Text:
    """Return a line that is no wider than `width`, with an ellipsis where it was cut off."""
    short = line.copy()
    short.truncate(max(width, 0), overflow="ellipsis")
    return short


def _cell(cell: str | Text) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(printable(cell))


def _that_fit(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Return the places of the columns that there is room for, in order."""
    kept = list(range(len(columns)))
    last = kept[-1]

    def needed() -> int:
        fixed = sum(widths[place] + GAP for place in kept if place != last)
        return fixed + min(widths[last], max(LEAST_LAST, cell_len(columns[last].heading)))

    while needed() > width:
        least = max(kept, key=lambda place: columns[place].spare)
        if not columns[least].spare:
            break
        kept.remove(least)
    return kept


def _line(columns: Sequence[Column], cells: Sequence[Text], widths: Sequence[int], kept: list[int], width: int) -> Text:
    line = Text()
    for place in kept:
        cell = cells[place]
        blanks = " " * (widths[place] - cell.cell_len)
        line.append(blanks if columns[place].number else "")
        line.append_text(cell)
        if place != kept[-1]:
            line.append(("" if columns[place].number else blanks) + " " * GAP)
    return cut(line, width)
