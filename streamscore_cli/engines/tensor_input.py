"""A column as the array that a graph of tensors takes, and the rows that do not fit it; it knows no run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns, Rows
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.signature import Field, FieldType


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input as its field, its NumPy type, and the sizes of one row; `takes_nan`: missing numbers are the model's."""

    field: Field
    dtype: np.dtype[Any]
    sizes: tuple[int, ...]
    takes_nan: bool = False

    def feed(self, columns: Columns, rows: Rows) -> NDArray[Any]:
        """Return the values at `rows`, of which none may be invalid, as the array that the graph takes.

        Values of the graph's own type are not copied where all rows are asked for.
        """
        column = columns.arrays[self.field.name]
        if len(rows) < columns.length:
            column = column[rows]
        if column.dtype != self.dtype:
            with np.errstate(over="ignore"):
                column = column.astype(self.dtype)
        return column.reshape(len(rows), *self.sizes)

    def blank(self, rows: int) -> NDArray[Any]:
        """Return some rows of nothing in particular."""
        return np.full((rows, *self.sizes), "" if self.field.type is FieldType.STRING else 0).astype(self.dtype)

    def failures(self, columns: Columns) -> dict[int, Failure]:
        """Return a failure for each row that lacks a value or has one that is not of the input's type."""
        column = columns.arrays[self.field.name]
        if not self.field.type.is_numeric:
            return self._failures_of_objects(column)
        failures: dict[int, Failure] = {}
        if self._all_fit(column):
            return failures
        table = column.reshape(columns.length, -1)
        for row, place in np.argwhere(self._unfit(table)).tolist():
            value = float(table[row, place])
            failures.setdefault(row, self._failure(row, None if np.isnan(value) else value, place))
        return failures

    def _all_fit(self, column: NDArray[Any]) -> bool:
        if self.field.type is FieldType.INTEGER:
            return not self._unfit(column).any()
        # The smallest of numbers is NaN where one of them is: a pass without the array of truths that isnan makes.
        return self.takes_nan or not column.size or not np.isnan(column.min())

    def _unfit(self, column: NDArray[Any]) -> NDArray[np.bool_]:
        if self.field.type is not FieldType.INTEGER:
            missing: NDArray[np.bool_] = np.isnan(column)
            return missing
        limits = np.iinfo(self.dtype)
        with np.errstate(invalid="ignore"):
            fits: NDArray[np.bool_] = (column >= float(limits.min)) & (column < float(limits.max) + 1.0)
            fits &= np.trunc(column) == column
            return ~fits

    def _failures_of_objects(self, column: NDArray[Any]) -> dict[int, Failure]:
        wanted = str if self.field.type is FieldType.STRING else bool
        values = column.tolist()
        if set(map(type, values)) <= {wanted}:
            return {}
        return {row: self._failure(row, value, 0) for row, value in enumerate(values) if not isinstance(value, wanted)}

    def _failure(self, row: int, value: object, place: int) -> Failure:
        where = f"input '{self.field.name}'" + (f", number {place + 1}," if self.field.width > 1 else "")
        if value is None:
            return Failure(row, Stage.SCORE, Cause.MISSING_INPUT, f"{where} is missing")
        # A column of objects has no type of its own: what is asked for then goes by our name.
        wanted = self.field.type.value if self.dtype == object else self.dtype.name
        return Failure(row, Stage.SCORE, Cause.INVALID_VALUE, f"{where} has to be {wanted}, not {value!r:.100}")
