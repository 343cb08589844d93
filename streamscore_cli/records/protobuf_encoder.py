"""Columns to protobuf records, for publishers; it never decodes.

A missing value leaves its field absent. Where the type gives the field no presence, absent is 0 to every reader, so
that a missing float or double is sent as NaN instead, which decodes as missing; integers, bools and text have no such
value and turn into their default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from google.protobuf.message import EncodeError

from streamscore_cli.core.columns import Column, Columns
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.signature import FieldType
from streamscore_cli.records.double_layout import lay_out
from streamscore_cli.records.message_type import MessageClass, ScalarField

_WORTH_LAYING_OUT = 50
"""Below this many rows the library is faster than NumPy."""

_LARGEST_FLOAT = float(np.finfo(np.float32).max)

Fit = Callable[[ScalarField, object], object]
"""Turns a value into what the library takes; raises `Misfit`."""


class Misfit(Exception):
    """A value does not fit its field; the message says what it should be."""


class ProtobufEncoder:
    """Encodes rows as messages of one type; columns that the type does not have are left out."""

    def __init__(self, message: MessageClass, fields: Sequence[ScalarField]) -> None:
        """Keep the plan; `fields` are those of `message`."""
        self._message = message
        self._fields = {field.name: field for field in fields}
        self._has_required = any(field.is_required for field in message.DESCRIPTOR.fields)

    def encode(self, columns: Columns) -> list[bytes]:
        """Encode one record a row; raises `RowUnreadable` (line = row + 1) when a value does not fit its field."""
        names = [name for name in columns.arrays if name in self._fields]
        if not names:
            return [self._serialized(row, {}) for row in range(columns.length)]
        if self._has_required or columns.length < _WORTH_LAYING_OUT:
            return self._one_by_one(columns, names)
        laid_out = lay_out(columns, [self._fields[name] for name in names])
        if laid_out is None or not laid_out.values:
            return self._one_by_one(columns, names)
        if laid_out.regular.all():
            return laid_out.values
        values = iter(laid_out.values)
        others = iter(self._one_by_one(columns.take(np.flatnonzero(~laid_out.regular)), names))
        return [next(values if regular else others) for regular in laid_out.regular.tolist()]

    def _one_by_one(self, columns: Columns, names: Sequence[str]) -> list[bytes]:
        values = [wire_values(self._fields[name], columns.arrays[name]) for name in names]
        rows = zip(*values, strict=True)
        return [self._serialized(row, dict(zip(names, cells, strict=True))) for row, cells in enumerate(rows)]

    def _serialized(self, row: int, cells: dict[str, object]) -> bytes:
        try:
            return self._message(**cells).SerializeToString()
        except (EncodeError, TypeError, ValueError, OverflowError) as error:
            raise RowUnreadable(f"row {row + 1} cannot be encoded: {error}", line=row + 1) from error


def wire_values(field: ScalarField, array: Column) -> list[object]:
    """Return the values of a column as the library takes them, None where the field stays absent."""
    values: list[object] = array.tolist()
    if field.type is FieldType.DOUBLE and array.dtype == np.float64:
        if not field.optional:
            return values
        return [None if _is_missing(value) else value for value in values]
    fit = _FITS[field.type] if field.enum_names is None else _enum
    try:
        return [fit(field, value) for value in values]
    except Misfit:
        return _name_the_row(field, fit, values)


def _name_the_row(field: ScalarField, fit: Fit, values: list[object]) -> list[object]:
    for row, value in enumerate(values):
        try:
            fit(field, value)
        except Misfit as error:
            message = f"row {row + 1}, column {field.name}: {value!r} is not {error}"
            raise RowUnreadable(message, line=row + 1, column=field.name) from error
    return values


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(field: ScalarField, value: object) -> float | None:
    if _is_missing(value):
        return None if field.optional else math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("a number")
    if field.type is FieldType.FLOAT and _LARGEST_FLOAT < abs(value) < math.inf:
        raise Misfit("a number that 32 bits can hold")
    return float(value)


def _integer(field: ScalarField, value: object) -> int | None:
    if _is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise Misfit("an integer")
    low, high = field.limits or (0, 0)
    if not low <= value <= high:
        raise Misfit(f"between {low} and {high}")
    return int(value)


def _flag(_field: ScalarField, value: object) -> bool | None:
    if _is_missing(value):
        return None
    if not isinstance(value, bool):
        raise Misfit("true or false")
    return value


def _text(_field: ScalarField, value: object) -> str | None:
    if _is_missing(value):
        return None
    if not isinstance(value, str):
        raise Misfit("text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Misfit("text that UTF-8 can hold") from error
    return value


def _enum(field: ScalarField, value: object) -> int | None:
    if _is_missing(value):
        return None
    names = field.enum_names or {}
    number = next((number for number, name in names.items() if name == value), value)
    if isinstance(number, bool) or not isinstance(number, int) or not -(2**31) <= number < 2**31:
        raise Misfit(f"one of {', '.join(names.values())}")
    return number


_FITS: dict[FieldType, Fit] = {
    FieldType.DOUBLE: _number,
    FieldType.FLOAT: _number,
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _flag,
    FieldType.STRING: _text,
}
