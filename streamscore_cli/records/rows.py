"""Rows of an input file, for publishing and scoring, as columns in chunks; the formats have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import methodcaller
from types import MappingProxyType
from typing import Any

from streamscore_cli.core.choices import RowFormat
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.signature import Field
from streamscore_cli.records.csv_rows import csv_chunks
from streamscore_cli.records.json_rows import json_chunks
from streamscore_cli.records.row_chunk import Chunks, RowChunk, RowLayout

__all__ = ["Chunks", "RowChunk", "read_rows"]

DEFAULT_CHUNKS = Chunks()

_Reader = Callable[[Iterator[str], RowLayout, Chunks], Iterator[RowChunk]]

READERS: Mapping[RowFormat, _Reader] = MappingProxyType({RowFormat.CSV: csv_chunks, RowFormat.JSONL: json_chunks})

_as_text = methodcaller("decode", "utf-8", "surrogateescape")

_BOM = "\ufeff"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read_rows(
    stream: Iterable[bytes] | Iterable[str],
    row_format: RowFormat | None,
    fields: Sequence[Field] | None,
    chunks: Chunks = DEFAULT_CHUNKS,
    *,
    column_names: Sequence[str] = (),
    data_type_field: str = "dataType",
) -> Iterator[RowChunk]:
    """Yield the rows of `stream`, in chunks, each as soon as its lines are there.

    `fields` are a codec's: their columns come in that order under those names, typed, all of them (NaN or None where
    the file has none), but for the data type's, which only comes when the file has it; without fields all the file's
    columns come. `column_names` name the columns of a CSV file without a header: by default the fields in order, the
    data type's left out. Further columns are left out. Without a format, a first line that starts with `{` says JSON
    lines. Raises `RowUnreadable` when the file as a whole cannot be read; rows that cannot be are in the chunks.
    """
    lines = _text_lines(stream)
    if row_format is None:
        row_format, lines = _recognised(lines)
    layout = RowLayout(tuple(fields or ()), tuple(column_names), data_type_field)
    yield from READERS[row_format](lines, layout, chunks)


def _recognised(lines: Iterator[str]) -> tuple[RowFormat, Iterator[str]]:
    seen: list[str] = []
    for line in lines:
        seen.append(line)
        if line.strip():
            break
    is_json = bool(seen) and seen[-1].lstrip().startswith("{")
    return RowFormat.JSONL if is_json else RowFormat.CSV, chain(seen, lines)


def _text_lines(stream: Iterable[bytes] | Iterable[str]) -> Iterator[str]:
    """Return the lines as text; bytes that are not UTF-8 are kept for the cell they are in to fail."""
    lines: Iterator[Any] = iter(stream)
    first = next(lines, "")
    if isinstance(first, str):
        return chain([first.removeprefix(_BOM)], lines)
    if first.startswith(_UTF16_BOMS):
        raise RowUnreadable("line 1: the file is UTF-16.", line=1, hint="Save it as UTF-8.")
    return chain([_as_text(first).removeprefix(_BOM)], map(_as_text, lines))
