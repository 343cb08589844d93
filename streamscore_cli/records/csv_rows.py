"""Rows of a CSV file, with a header or without, `;`, tab or `,` between the cells; how a cell reads is elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.names import matching_field
from streamscore_cli.core.signature import FieldType
from streamscore_cli.records.cells import column_of, is_number
from streamscore_cli.records.row_chunk import Chunks, RowChunk, RowLayout, chunk_of, missing_column, unreadable

DELIMITERS = (";", "\t", ",")
"""In the order in which they are preferred: a comma may be a decimal comma, the others rarely mean anything else."""

Record = tuple[int, list[str] | RowUnreadable]
"""The line on which a record begins, and its cells."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A column to read: its name, its type and where its cell is; no place: the file does not have it."""

    name: str
    type: FieldType
    place: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which columns to read, and how many cells a row has: at least (`open_ended`) or exactly that many."""

    columns: tuple[_Taken, ...]
    width: int
    open_ended: bool


def csv_chunks(lines: Iterator[str], layout: RowLayout, chunks: Chunks) -> Iterator[RowChunk]:
    """Yield the rows of a file, a chunk at a time.

    The first line that is not blank is a header when it names a field, or holds no number where a number should be.
    Raises `RowUnreadable` when nothing can be read by it: no such fields, a name twice, no names for a bare file.
    """
    skipped, first = _first_line(lines)
    if first is None:
        return
    delimiter = sniffed_delimiter(first, layout)
    records = _records(chain([first], lines), delimiter, skipped)
    begin = next(records, None)
    if begin is None:
        return
    line, cells = begin
    if not isinstance(cells, RowUnreadable) and has_header(cells, layout):
        plan = _plan_by_header(line, cells, layout)
    else:
        plan = _plan_by_position(line, layout)
        records = chain([begin], records)
    while chunk := chunks.take(records):
        yield _chunk(chunk, plan)


def sniffed_delimiter(line: str, layout: RowLayout) -> str:
    """Return what divides the cells of `line`: what finds most fields, else the larger share of numbers, else cells.

    A decimal comma counts as a number's here, so that it is not taken for a delimiter: the cell itself will fail.
    """
    known = _known_names(layout)

    def found(delimiter: str) -> tuple[int, float, int]:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        names = sum(matching_field(cell.strip(), known) is not None for cell in cells)
        numbers = sum(is_number(cell.replace(",", ".", 1)) for cell in cells)
        return names, numbers / max(len(cells), 1), len(cells)

    return max(DELIMITERS, key=found)


def has_header(cells: Sequence[str], layout: RowLayout) -> bool:
    """Tell whether the first row names columns."""
    names = [cell.strip() for cell in cells if cell.strip()]
    known = _known_names(layout)
    if any(matching_field(name, known) is not None for name in names):
        return True
    if not names or any(map(is_number, names)):
        return False
    if not layout.fields:
        return not layout.column_names
    positional = set(layout.positional_names)
    return any(field.type is not FieldType.STRING for field in layout.fields if field.name in positional)


def _known_names(layout: RowLayout) -> tuple[str, ...]:
    return (*(field.name for field in layout.fields), *layout.column_names)


def _first_line(lines: Iterator[str]) -> tuple[int, str | None]:
    """Return the first line that is not blank and how many were skipped."""
    for skipped, line in enumerate(lines):
        if line.strip():
            return skipped, line
    return 0, None


def _records(lines: Iterator[str], delimiter: str, skipped: int) -> Iterator[Record]:
    """Yield every record that is not blank; one that breaks the rules of quoting is an error in its place."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = skipped + 1
    while True:
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = skipped + reader.line_num + 1
        except csv.Error as error:
            yield line, unreadable(line, "", f"the row is not CSV: {error}")
            line = skipped + reader.line_num + 1
        else:
            return


def _plan_by_header(line: int, cells: Sequence[str], layout: RowLayout) -> _Plan:
    header = [cell.strip() for cell in cells]
    columns = _taken(layout, header)
    places = [column.place for column in columns if column.place is not None]
    if not places:
        wanted = ", ".join(field.name for field in layout.fields[:20])
        hint = "Name the columns like the fields; without a header, numbers need a decimal point."
        raise RowUnreadable(
            f"line {line}: the header names no field; these are wanted: {wanted}.", line=line, hint=hint
        )
    for name in (header[place] for place in places):
        if header.count(name) > 1:
            raise unreadable(line, name, "the header has this name more than once")
    return _Plan(columns, len(header), open_ended=False)


def _plan_by_position(line: int, layout: RowLayout) -> _Plan:
    names = layout.positional_names
    if not names:
        message = f"line {line}: the file has no header, and the records declare no fields."
        raise RowUnreadable(message, line=line, hint="Give the file a header line, or name its columns.")
    return _Plan(_taken(layout, names), len(names), open_ended=True)


def _taken(layout: RowLayout, names: Sequence[str]) -> tuple[_Taken, ...]:
    """Return which of the file's columns to read, in the order of the fields; without fields all that have a name."""
    if not layout.fields:
        return tuple(_Taken(name, FieldType.ANY, place) for place, name in enumerate(names) if name)
    matches = [(field, matching_field(field.name, names)) for field in layout.fields]
    return tuple(
        _Taken(field.name, field.type, None if name is None else names.index(name))
        for field, name in matches
        if name is not None or field.name != layout.data_type_field
    )


def _chunk(records: Sequence[Record], plan: _Plan) -> RowChunk:
    lines = [line for line, _ in records]
    rows, misfits = _whole_rows(records, plan)
    by_place = list(zip(*rows, strict=False))
    arrays = {}
    for taken in plan.columns:
        if taken.place is None:
            arrays[taken.name] = missing_column(taken.type, len(rows))
            continue
        place = taken.place
        arrays[taken.name], problems = column_of(by_place[place], taken.type)
        for row, problem_text in problems.items():
            misfits.setdefault(row, unreadable(lines[row], taken.name, problem_text))
    return chunk_of(arrays, lines, misfits, ordered=True)


def _whole_rows(records: Sequence[Record], plan: _Plan) -> tuple[list[list[str]], dict[int, RowUnreadable]]:
    """Return rows of at least `plan.width` cells, blank where a row cannot be read, and why those cannot be."""
    misfits: dict[int, RowUnreadable] = {}
    rows: list[list[str]] = []
    for row, (line, cells) in enumerate(records):
        if isinstance(cells, RowUnreadable):
            misfits[row] = cells
        elif len(cells) == plan.width or (problem := _wrong_width(line, cells, plan)) is None:
            rows.append(cells)
            continue
        else:
            misfits[row] = problem
        rows.append([""] * plan.width)
    return rows, misfits


def _wrong_width(line: int, cells: Sequence[str], plan: _Plan) -> RowUnreadable | None:
    """Find a row that was cut off or has run out of step; empty cells at its end do no harm.

    Without a header one more cell than there are fields is the answer that the records were gathered with.
    """
    most = plan.width + (1 if plan.open_ended else 0)
    if len(cells) >= plan.width and not any(cells[most:]):
        return None
    wanted = f"{plan.width} or {most}" if plan.open_ended else str(plan.width)
    return unreadable(line, "", f"the row has {len(cells)} cells where {wanted} are expected")
