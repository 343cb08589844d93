"""What readers of input files are told and what they give, as values; each file format has a reader of its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from streamscore_cli.core.columns import Column, Columns
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.signature import Field, FieldType

T = TypeVar("T")
More = Callable[[], bool]
"""Tells whether another line can be had without waiting."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """How rows are taken together: `rows` at a time, or with `more` the next one and those that need no waiting."""

    rows: int = 1000
    more: More | None = None

    def take(self, items: Iterator[T]) -> list[T]:
        """Return the items of the next chunk; none at the end."""
        if self.more is None:
            return list(islice(items, self.rows))
        chunk = list(islice(items, 1))
        while chunk and len(chunk) < self.rows and self.more():
            following = list(islice(items, 1))
            if not following:
                break
            chunk += following
        return chunk


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The fields that rows are to give, or none: then every column is taken, each value saying its own type.

    `column_names` name the columns of a CSV file without a header: by default `fields` without the data type's.
    """

    fields: tuple[Field, ...] = ()
    column_names: tuple[str, ...] = ()
    data_type_field: str = ""

    @property
    def positional_names(self) -> tuple[str, ...]:
        """Return the names of the columns of a file without a header, in order."""
        return self.column_names or tuple(field.name for field in self.fields if field.name != self.data_type_field)


@dataclass(frozen=True, slots=True)
class RowChunk:
    """Some rows of a file: `lines[i]` is the line on which row i of `columns` begins, 1 being the first.

    `failures` name the rows that could not be read, by line and column; they are not in `columns`.
    """

    columns: Columns
    lines: Sequence[int]
    failures: tuple[RowUnreadable, ...] = ()

    @property
    def first_line(self) -> int:
        """Return the line on which the first row begins, readable or not."""
        return min([*self.lines[:1], *(failure.line for failure in self.failures)])

    def before(self, line: int) -> RowChunk:
        """Return the readable rows that begin before `line`."""
        count = bisect_left(self.lines, line)
        return RowChunk(self.columns.take(np.arange(count, dtype=np.intp)), self.lines[:count])


Misfits = Mapping[int, RowUnreadable]
"""Rows of a chunk, by place, that cannot be read."""


def unreadable(line: int, column: str, problem: str) -> RowUnreadable:
    """Make the error that names line and column."""
    place = f"line {line}, column {column!r}" if column else f"line {line}"
    return RowUnreadable(f"{place}: {problem}", line=line, column=column)


def chunk_of(arrays: Mapping[str, Column], lines: Sequence[int], misfits: Misfits, *, ordered: bool) -> RowChunk:
    """Make a chunk of columns of `len(lines)` rows, the misfits taken out of them."""
    columns = Columns(len(lines), arrays, ordered)
    if not misfits:
        return RowChunk(columns, lines)
    kept = [row for row in range(len(lines)) if row not in misfits]
    failures = tuple(misfits[row] for row in sorted(misfits))
    return RowChunk(columns.take(np.array(kept, np.intp)), [lines[row] for row in kept], failures)


def missing_column(kind: FieldType, length: int) -> Column:
    """Return a column without any value."""
    return np.full(length, np.nan) if kind.is_numeric else np.full(length, None, dtype=object)
