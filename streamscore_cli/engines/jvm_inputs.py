"""Columns as the rows that PMML4S takes, and the rows that do not fit; it scores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns, Rows
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.signature import Field, FieldType

_REAL = {FieldType.DOUBLE, FieldType.FLOAT}
_LONG_END = 2.0**63  # Java's long: from -2**63 to 2**63 - 1
_PYTHON_TYPES: dict[FieldType, type] = {FieldType.STRING: str, FieldType.BOOLEAN: bool}


@dataclass(frozen=True, slots=True)
class InputLayout:
    """The inputs by name, and the names in the order in which PMML4S takes an array."""

    fields: dict[str, Field]
    order: tuple[str, ...]

    @property
    def is_real(self) -> bool:
        """Tell whether all inputs are of real types, so that a batch may go as one matrix.

        In an array PMML4S reads a missing integer as 0 and a missing boolean as false; these go as maps.
        """
        return all(field.type in _REAL for field in self.fields.values())

    def matrix(self, columns: Columns) -> NDArray[np.float64]:
        """Return the inputs as shape (rows, inputs), NaN for missing; inputs of type float are rounded to float32.

        PMML compares in the type of the field, and PMML4S knows none but double.
        """
        matrix = np.full((columns.length, len(self.order)), np.nan)
        for place, name in enumerate(self.order):
            if name in self.fields:
                matrix[:, place] = _in_type(self.fields[name], columns)
        return matrix

    def invalid(self, columns: Columns) -> dict[int, Failure]:
        """Return a failure for each row with a value that is not of its input's type."""
        failures: dict[int, Failure] = {}
        for field in self.fields.values():
            for row in _invalid_rows(field, columns):
                value = columns.arrays[field.name][[row]].tolist()[0]
                wanted = "integer of 64 bits" if field.type is FieldType.INTEGER else field.type.value
                reason = f"input '{field.name}' has to be {wanted}, not {value!r:.100}"
                failures.setdefault(row, Failure(row, Stage.SCORE, Cause.INVALID_VALUE, reason))
        return failures

    def maps(self, columns: Columns, rows: Rows) -> Iterator[dict[str, object]]:
        """Yield each of `rows` as input name -> value without what is missing."""
        cells = [(name, _objects(field, columns, rows)) for name, field in self.fields.items()]
        for place in range(len(rows)):
            yield {name: values[place] for name, values in cells if values[place] is not None}


def _in_type(field: Field, columns: Columns) -> NDArray[np.float64]:
    column: NDArray[np.float64] = columns.arrays[field.name]
    if field.type is not FieldType.FLOAT:
        return column
    with np.errstate(over="ignore"):
        return column.astype(np.float32).astype(np.float64)


def _invalid_rows(field: Field, columns: Columns) -> Sequence[int]:
    column = columns.arrays[field.name]
    if field.type in _REAL:
        return ()
    if field.type is FieldType.INTEGER:
        with np.errstate(invalid="ignore"):
            whole = np.isnan(column) | ((column >= -_LONG_END) & (column < _LONG_END) & (np.trunc(column) == column))
        return [int(row) for row in np.flatnonzero(~whole)]
    wanted = _PYTHON_TYPES[field.type]
    return [row for row, value in enumerate(column) if value is not None and not isinstance(value, wanted)]


def _objects(field: Field, columns: Columns, rows: Rows) -> list[object]:
    if field.type in _REAL:
        return [None if value != value else value for value in _in_type(field, columns)[rows].tolist()]  # noqa: PLR0124
    values = columns.arrays[field.name][rows].tolist()
    if field.type is FieldType.INTEGER:
        return [None if np.isnan(value) else int(value) for value in values]
    return list(values)
