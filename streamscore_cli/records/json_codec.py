"""Records as JSON, one object a record; the columns are its keys, and nothing below the first level is read.

Absent and null are missing. Numbers become float64 (integers beyond 2^53 lose their last digits). Of a key that occurs
twice the last value counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson

from streamscore_cli.core.columns import Column, Columns, Rows, all_rows
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.codec import Decoded

_NUMBERS = frozenset({float, int, type(None)})
_NESTED = frozenset({dict, list})
_NOTHING = frozenset({type(None)})

MOST_FIELDS = 1000
"""Different keys that the records of one batch may have, where the settings declare no fields."""

Objects = list[dict[str, Any]]


class JsonCodec:
    """Decodes and encodes JSON objects, of declared fields or of whatever keys they have."""

    def __init__(self, fields: Sequence[str] = (), data_type_field: str = "dataType") -> None:
        """Take only `fields` (and the data type's) when there are any, in that order; else every key met."""
        self._names = tuple(fields)
        self._data_type_field = data_type_field
        self._parse: Callable[[Any], Any] = orjson.loads

    @property
    def fields(self) -> tuple[Field, ...] | None:
        """Return the declared fields, each value saying its own type, or None where none are declared."""
        return tuple(Field(name, FieldType.ANY) for name in self._names) or None

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Decode one batch.

        A row fails with `NULL_VALUE`, with `UNDECODABLE` (not JSON, or not an object) or with `WRONG_TYPE` (an array or
        an object in a column). A column is float64 when it has only numbers, else object with the values as they are.
        """
        objects, rows, failures = self._bounded(*self._objects(values))
        lists = self._lists(objects)
        nested = _nested_rows(lists)
        if nested:
            failures += [Failure(int(rows[at]), Stage.DECODE, Cause.WRONG_TYPE, why) for at, why in nested.items()]
            kept = [at for at in range(len(objects)) if at not in nested]
            objects, rows = [objects[at] for at in kept], rows[np.array(kept, np.intp)]
            lists = self._lists(objects)
        arrays = {name: as_column(column) for name, column in lists.items()}
        failures.sort(key=lambda failure: failure.row)
        return Decoded(Columns(len(objects), arrays, ordered=bool(self._names)), rows, tuple(failures))

    def encode(self, columns: Columns) -> list[bytes]:
        """Encode one object a row, missing values as null; raises `RowUnreadable` for what JSON cannot hold."""
        names = columns.names
        for name, array in columns.arrays.items():
            _refuse_infinite(name, array)
        rows: Iterable[tuple[object, ...]] = zip(*(array.tolist() for array in columns.arrays.values()), strict=True)
        if not names:
            rows = iter([()] * columns.length)
        return [_dumped(row, dict(zip(names, cells, strict=True))) for row, cells in enumerate(rows)]

    def _objects(self, values: Sequence[bytes | None]) -> tuple[Objects, Rows, list[Failure]]:
        """Parse all; only when one is not an object, look at each."""
        try:
            parsed = list(map(self._parse, values))
            if set(map(type, parsed)) <= {dict}:
                return parsed, all_rows(len(parsed)), []
        except orjson.JSONDecodeError:
            pass
        return self._one_by_one(values)

    def _one_by_one(self, values: Sequence[bytes | None]) -> tuple[Objects, Rows, list[Failure]]:
        objects: Objects = []
        rows: list[int] = []
        failures: list[Failure] = []
        for row, value in enumerate(values):
            found = self._object(row, value)
            if isinstance(found, Failure):
                failures.append(found)
            else:
                objects.append(found)
                rows.append(row)
        return objects, np.array(rows, np.intp), failures

    def _object(self, row: int, value: bytes | None) -> dict[str, Any] | Failure:
        if value is None:
            return Failure(row, Stage.DECODE, Cause.NULL_VALUE, "the record has no value")
        try:
            found = self._parse(value)
        except orjson.JSONDecodeError as error:
            return Failure(row, Stage.DECODE, Cause.UNDECODABLE, f"{len(value)} bytes are not JSON: {error}")
        if not isinstance(found, dict):
            reason = f"the value is a JSON {_json_type(found)}, not an object"
            return Failure(row, Stage.DECODE, Cause.UNDECODABLE, reason)
        return found

    def _bounded(self, objects: Objects, rows: Rows, failures: list[Failure]) -> tuple[Objects, Rows, list[Failure]]:
        """Fail the rows whose keys would make more columns than a batch may have: each costs all rows a cell."""
        if self._names or len(set(chain.from_iterable(objects))) <= MOST_FIELDS:
            return objects, rows, failures
        known: set[str] = set()
        kept: list[int] = []
        reason = f"its fields make more than {MOST_FIELDS} in one batch; records.fields in the settings can name those"
        for at, item in enumerate(objects):
            if len(known | item.keys()) <= MOST_FIELDS:
                known |= item.keys()
                kept.append(at)
            else:
                failures.append(Failure(int(rows[at]), Stage.DECODE, Cause.UNDECODABLE, reason))
        return [objects[at] for at in kept], rows[np.array(kept, np.intp)], failures

    def _lists(self, objects: Objects) -> dict[str, Sequence[Any]]:
        """Return the values of each column, None where a record has no such key."""
        if self._names:
            return {name: [item.get(name) for item in objects] for name in self._declared(objects)}
        names = list(objects[0]) if objects else []
        if set(map(len, objects)) == {len(names)}:
            try:
                return {name: list(map(itemgetter(name), objects)) for name in names}
            except KeyError:
                pass
        names = list(dict.fromkeys(chain.from_iterable(objects)))
        return {name: [item.get(name) for item in objects] for name in names}

    def _declared(self, objects: Objects) -> tuple[str, ...]:
        extra = self._data_type_field
        if extra in self._names or not any(extra in item for item in objects):
            return self._names
        return (*self._names, extra)


def as_column(values: Sequence[Any]) -> Column:
    """Return JSON values as a column: float64 of numbers and nulls, else object; nulls alone say no type: object."""
    types = set(map(type, values))
    if types <= _NUMBERS and types != _NOTHING:
        return np.array(values, np.float64)
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _nested_rows(lists: dict[str, Sequence[Any]]) -> dict[int, str]:
    """Return the rows with an array or an object in a column, and why they fail."""
    nested: dict[int, str] = {}
    for name, values in lists.items():
        if _NESTED.isdisjoint(map(type, values)):
            continue
        for row, value in enumerate(values):
            if type(value) in _NESTED:
                nested.setdefault(row, f"field {name} is a JSON {_json_type(value)}, not a single value")
    return nested


def _json_type(value: object) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _refuse_infinite(name: str, array: Column) -> None:
    if array.dtype.kind == "f":
        bad = np.flatnonzero(np.isinf(array))
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
