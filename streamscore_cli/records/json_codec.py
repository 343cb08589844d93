"""Records as JSON, one object a record; the columns are its keys, and nothing below the first level is read.

Absent and null are missing. Numbers become float64 (integers beyond 2^53 lose their last digits). Of a key that occurs
twice the last value counts. A field declared as a vector is a list of numbers, and its column has a row for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import orjson

from streamscore_cli.core.columns import Column, Columns, all_rows
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.json_columns import Lists, beyond_bound, columns_of, lists_of, some_lists_of
from streamscore_cli.records.json_objects import Objects, parse_objects
from streamscore_cli.records.json_shapes import KnownShapes
from streamscore_cli.records.json_vectors import JsonVectors, WithVectors
from streamscore_cli.records.number_lists import NumberLists

NO_VECTORS: Mapping[str, int] = MappingProxyType({})


class JsonCodec:
    """Decodes and encodes JSON objects, of declared fields or of whatever keys they have."""

    def __init__(
        self, fields: Sequence[str] = (), data_type_field: str = "dataType", vectors: Mapping[str, int] = NO_VECTORS
    ) -> None:
        """Take only `fields` and `vectors` (and the data type's) when there are any, in that order; else every key met.

        `vectors` are the fields that are lists of numbers, and how many numbers these have; they may be among `fields`.
        """
        self._names = tuple(dict.fromkeys((*fields, *vectors)))
        self._scalars = tuple(name for name in self._names if name not in vectors)
        self._data_type_field = data_type_field
        self._widths = vectors
        self._shapes = KnownShapes((*self._names, data_type_field) if self._names else ())
        self._vectors = JsonVectors({name: NumberLists(width) for name, width in vectors.items()}) if vectors else None

    @property
    def fields(self) -> tuple[Field, ...] | None:
        """Return the declared fields, each value saying its own type, or None where none are declared."""
        return tuple(self._field(name) for name in self._names) or None

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Decode one batch.

        A row fails with `NULL_VALUE`, with `UNDECODABLE` (not JSON, or not an object), with `WRONG_TYPE` (an array or
        an object in a column, a vector that is no list of so many numbers) or with `MISSING_INPUT` (no vector).
        A column is float64 when it has only numbers, else object with the values as they are; that of a vector is
        float64 of shape (rows, numbers).
        """
        known = None if self._vectors else self._shapes.read(values)
        if known is not None:
            return Decoded(self._chosen(known, len(values)), all_rows(len(values)), ())
        read = self._vectors.decode(values) if self._vectors else WithVectors(parse_objects(values), {})
        if not self._names:
            read = read.without(beyond_bound(read.parsed.objects))
        columns, nested = columns_of(self._lists(read.parsed.objects))
        if nested:
            read = read.without(nested)
            columns, _ = columns_of(self._lists(read.parsed.objects))
        if not self._vectors:
            self._shapes.learn(read.parsed.objects)
        failures = tuple(sorted(read.parsed.failures, key=lambda failure: failure.row))
        rows = read.parsed.rows
        return Decoded(self._chosen({**columns, **read.vectors}, len(rows)), rows, failures)

    def encode(self, columns: Columns) -> list[bytes]:
        """Encode one object a row, missing values as null; raises `RowUnreadable` for what JSON cannot hold."""
        names = columns.names
        for name, array in columns.arrays.items():
            _refuse_infinite(name, array)
        rows: Iterable[tuple[object, ...]] = zip(*(array.tolist() for array in columns.arrays.values()), strict=True)
        if not names:
            rows = iter([()] * columns.length)
        return [_dumped(row, dict(zip(names, cells, strict=True))) for row, cells in enumerate(rows)]

    def _chosen(self, columns: Mapping[str, Column], length: int) -> Columns:
        """Return the declared columns in their order, or all."""
        if not self._names:
            return Columns(length, columns, ordered=False)
        nothing = np.full(length, None, object)
        names = dict.fromkeys((*self._names, *columns))
        return Columns(length, {name: columns.get(name, nothing) for name in names})

    def _field(self, name: str) -> Field:
        width = self._widths.get(name, 1)
        return Field(name, FieldType.ANY if width == 1 else FieldType.DOUBLE, width)

    def _lists(self, objects: Objects) -> Lists:
        """Return the values of each column that is no vector, None where a record has no such key."""
        return some_lists_of(objects, self._declared(objects)) if self._names else lists_of(objects)

    def _declared(self, objects: Objects) -> tuple[str, ...]:
        extra = self._data_type_field
        if extra in self._names or not any(extra in item for item in objects):
            return self._scalars
        return (*self._scalars, extra)


def _refuse_infinite(name: str, array: Column) -> None:
    if array.dtype.kind == "f":
        bad = np.flatnonzero(np.isinf(array).reshape(len(array), -1).any(axis=1))
    else:
        bad = np.array(
            [row for row, value in enumerate(array) if isinstance(value, float) and np.isinf(value)], np.intp
        )
    if len(bad):
        row = int(bad[0])
        message = f"row {row + 1}, column {name}: {array[row]} has no form in JSON"
        raise RowUnreadable(message, line=row + 1, column=name)


def _dumped(row: int, record: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(record)
    except orjson.JSONEncodeError as error:
        column = next((name for name, value in record.items() if not _can_dump(value)), "")
        message = f"row {row + 1}, column {column}: {record.get(column)!r} has no form in JSON: {error}"
        raise RowUnreadable(message, line=row + 1, column=column) from error


def _can_dump(value: object) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True
