"""Rows of a JSON-lines file, an object a line; unlike the codec it knows lines and the types of declared fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson

from streamscore_cli.core.columns import Column
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.names import matching_field
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.json_columns import as_column
from streamscore_cli.records.json_vectors import vector_of
from streamscore_cli.records.number_lists import NumberLists
from streamscore_cli.records.row_chunk import Chunks, RowChunk, RowLayout, chunk_of, unreadable

_SHOWN = 60

Line = tuple[int, str]


def json_chunks(lines: Iterator[str], layout: RowLayout, chunks: Chunks) -> Iterator[RowChunk]:
    """Yield the rows of a file, a chunk at a time; blank lines are none."""
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while chunk := chunks.take(numbered):
        yield _chunk(chunk, layout)


def _chunk(chunk: Sequence[Line], layout: RowLayout) -> RowChunk:
    lines = [number for number, _ in chunk]
    misfits: dict[int, RowUnreadable] = {}
    objects: list[dict[str, Any]] = []
    for row, (number, text) in enumerate(chunk):
        found = _object(number, text)
        if isinstance(found, RowUnreadable):
            misfits[row] = found
            objects.append({})
        else:
            objects.append(found)
    arrays = {}
    for field, values in _columns(objects, layout):
        if field.width > 1:
            arrays[field.name] = _vector(field, values, lines, misfits)
            continue
        for row, value in enumerate(values):
            if value is not None and not _FITS[field.type](value):
                problem = f"{_shown(value)} is not {_WANTED[field.type]}"
                misfits.setdefault(row, unreadable(lines[row], field.name, problem))
        arrays[field.name] = _column(field, [None if row in misfits else value for row, value in enumerate(values)])
    return chunk_of(arrays, lines, misfits, ordered=bool(layout.fields))


def _object(number: int, text: str) -> dict[str, Any] | RowUnreadable:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return unreadable(number, "", f"not JSON: {error.msg} (character {error.colno})")
    if not isinstance(found, dict):
        return unreadable(number, "", f"{_shown(found)} is not a JSON object")
    return found


def _columns(objects: Sequence[Mapping[str, Any]], layout: RowLayout) -> Iterator[tuple[Field, list[Any]]]:
    """Yield each field with its values; a declared field that no row has is there, the data type's excepted."""
    if not layout.fields:
        for name in dict.fromkeys(chain.from_iterable(objects)):
            yield Field(name, FieldType.ANY), [item.get(name) for item in objects]
        return
    for field in layout.fields:
        keys: dict[tuple[str, ...], str | None] = {}
        shapes = [tuple(item) for item in objects]
        for shape in shapes:
            if shape not in keys:
                keys[shape] = matching_field(field.name, shape)
        if field.name != layout.data_type_field or any(keys.values()):
            yield field, [item.get(keys[shape] or field.name) for item, shape in zip(objects, shapes, strict=True)]


def _vector(field: Field, values: Sequence[Any], lines: Sequence[int], misfits: dict[int, RowUnreadable]) -> Column:
    matrix, failed = vector_of(values, field.name, NumberLists(field.width))
    for row, _, problem in failed:
        misfits.setdefault(row, unreadable(lines[row], field.name, problem.removeprefix(f"field {field.name} ")))
    return matrix


def _column(field: Field, values: list[Any]) -> Column:
    if field.type is FieldType.ANY:
        return as_column(values)
    column: Column = np.empty(len(values), np.float64 if field.type.is_numeric else object)
    column[:] = values
    return column


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def _shown(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


_FITS: Mapping[FieldType, Callable[[object], bool]] = {
    FieldType.DOUBLE: _is_number,
    FieldType.FLOAT: _is_number,
    FieldType.INTEGER: _is_integer,
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.STRING: lambda value: isinstance(value, str),
    FieldType.ANY: lambda value: not isinstance(value, dict | list),
}
_WANTED: Mapping[FieldType, str] = {
    FieldType.DOUBLE: "a number",
    FieldType.FLOAT: "a number",
    FieldType.INTEGER: "an integer",
    FieldType.BOOLEAN: "true or false",
    FieldType.STRING: "text",
    FieldType.ANY: "a single value",
}
