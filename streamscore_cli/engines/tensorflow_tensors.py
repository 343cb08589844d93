"""Columns as the arrays that a graph takes, and the rows that do not fit; it scores nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns, Rows
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.tensorflow_program import Shape

_TYPES = {
    "half": FieldType.FLOAT,
    "float16": FieldType.FLOAT,
    "float32": FieldType.FLOAT,
    "float64": FieldType.DOUBLE,
    "bool": FieldType.BOOLEAN,
    "string": FieldType.STRING,
    **{f"{sign}int{bits}": FieldType.INTEGER for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


MAX_WIDTH = 1_000_000
"""Numbers of one record that an input may take or an output may give; a declared shape costs a model nothing."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input as its field, its NumPy type, and the sizes of one row."""

    field: Field
    dtype: np.dtype[Any]
    sizes: tuple[int, ...]

    def feed(self, columns: Columns, rows: Rows) -> NDArray[Any]:
        """Return the values at `rows`, of which none may be invalid, as the array that the graph takes."""
        column = columns.arrays[self.field.name]
        if len(rows) < columns.length:
            column = column[rows]
        with np.errstate(over="ignore"):
            return column.astype(self.dtype).reshape(len(rows), *self.sizes)

    def blank(self) -> NDArray[Any]:
        """Return one row of nothing in particular."""
        return np.full((1, *self.sizes), "" if self.field.type is FieldType.STRING else 0).astype(self.dtype)

    def failures(self, columns: Columns) -> dict[int, Failure]:
        """Return a failure for each row that lacks a value or has one that is not of the input's type."""
        column = columns.arrays[self.field.name]
        if not self.field.type.is_numeric:
            return self._failures_of_objects(column)
        unfit = self._unfit(column)
        failures: dict[int, Failure] = {}
        if not unfit.any():
            return failures
        for row, place in np.argwhere(unfit.reshape(columns.length, -1)).tolist():
            value = float(column.reshape(columns.length, -1)[row, place])
            failures.setdefault(row, self._failure(row, None if np.isnan(value) else value, place))
        return failures

    def _unfit(self, column: NDArray[np.float64]) -> NDArray[np.bool_]:
        if self.field.type is not FieldType.INTEGER:
            return np.isnan(column)
        limits = np.iinfo(self.dtype)
        with np.errstate(invalid="ignore"):
            fits: NDArray[np.bool_] = (column >= float(limits.min)) & (column < float(limits.max) + 1.0)
            fits &= np.trunc(column) == column
            return ~fits

    def _failures_of_objects(self, column: NDArray[Any]) -> dict[int, Failure]:
        wanted = str if self.field.type is FieldType.STRING else bool
        return {row: self._failure(row, value, 0) for row, value in enumerate(column) if not isinstance(value, wanted)}

    def _failure(self, row: int, value: object, place: int) -> Failure:
        where = f"input '{self.field.name}'" + (f", number {place + 1}," if self.field.width > 1 else "")
        if value is None:
            return Failure(row, Stage.SCORE, Cause.MISSING_INPUT, f"{where} is missing")
        reason = f"{where} has to be {self.dtype.name}, not {value!r:.100}"
        return Failure(row, Stage.SCORE, Cause.INVALID_VALUE, reason)


def field_type(type_name: str, what: str) -> FieldType:
    """Return our type for one of TensorFlow's; raises `ModelUnsupported` naming `what`."""
    if type_name not in _TYPES:
        raise ModelUnsupported(f"The TensorFlow {what} is of type {type_name}, which no record can have.")
    return _TYPES[type_name]


def check_width(width: int, what: str) -> None:
    """Refuse more numbers a record than `MAX_WIDTH`; `what` is as in "input 'x' takes". Raises `ModelRejected`."""
    if width > MAX_WIDTH:
        raise ModelRejected(f"The TensorFlow {what} {width:,} numbers a record, the limit is {MAX_WIDTH:,}.")


def input_spec(name: str, type_name: str, shape: Shape) -> InputSpec:
    """Describe an input, whose first size is open, for the batch.

    Raises `ModelUnsupported` where its sizes are not known, `ModelRejected` where it is too wide.
    """
    kind = field_type(type_name, f"input '{name}'")
    if shape is None or any(size < 0 for size in shape[1:]):
        raise ModelUnsupported(
            f"The TensorFlow input '{name}' does not say how many numbers it takes.",
            "Export the model with the full shape of its inputs.",
        )
    if not shape or shape[0] >= 0:
        raise ModelUnsupported(
            f"The TensorFlow input '{name}' has the fixed shape {list(shape)}: it takes no batch of any size.",
            "Export the model with an open first dimension.",
        )
    width = math.prod(shape[1:])
    check_width(width, f"input '{name}' takes")
    if width != 1 and not kind.is_numeric:
        raise ModelUnsupported(f"The TensorFlow input '{name}' takes {width} values of type {type_name} a record.")
    numpy_type = np.dtype(object) if kind is FieldType.STRING else np.dtype(type_name)
    return InputSpec(Field(name, kind, width), numpy_type, shape[1:])
