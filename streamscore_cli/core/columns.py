"""A batch of records as NumPy columns; it holds values and knows nothing of the bytes they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
"""float64 with NaN for missing, or object with None for missing and str, bool, int or float values.

Of shape (rows,); a vector, which is one field that holds several numbers or a tensor input bound from several fields,
is float64 of shape (rows, width) without missing numbers.
"""

Rows = NDArray[np.intp]
"""Indices of rows, ascending."""

Integers = NDArray[np.int64] | Sequence[int]
"""Whole numbers, one a record: an int64 array where there are many of them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """`length` rows as named columns, in the order of the record's fields.

    `ordered` says that this order was declared (a protobuf message, a CSV header, a setting) and not met by chance
    (the keys of a JSON object), so that a model that takes its inputs by position may use it.
    """

    length: int
    arrays: Mapping[str, Column]
    ordered: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(self.arrays)

    def take(self, rows: Rows) -> Columns:
        """Return the rows at `rows` as new columns; all of them, in order, costs nothing."""
        if len(rows) == self.length:
            return self
        return Columns(len(rows), {name: array[rows] for name, array in self.arrays.items()}, self.ordered)

    def without(self, name: str) -> Columns:
        """Return the same rows without the column `name`, which need not exist."""
        kept = {key: array for key, array in self.arrays.items() if key != name}
        return Columns(self.length, kept, self.ordered)


def integers(numbers: Integers) -> NDArray[np.int64]:
    """Return whole numbers as an array, which they usually are."""
    return np.asarray(numbers, np.int64)


def all_rows(length: int) -> Rows:
    """Return the indices 0 .. length - 1."""
    return np.arange(length, dtype=np.intp)
