"""Columns of values as JSON: an object for each token in small batches, none in large ones; results are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Protocol, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from streamscore_cli.core.columns import Integers, Rows, integers
from streamscore_cli.core.distinct import distinct
from streamscore_cli.core.payloads import Payloads
from streamscore_cli.records.repeated_rows import alike
from streamscore_cli.records.text_columns import Chosen, Piece, every, joined, numbers, rows_of

_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_LONGEST = 2**63

_PROBED = 256
"""So many rows of probabilities tell whether any repeat in a batch four times as large."""

_FEW = 64
"""So few rows of probabilities are written faster with an object for each token, and faster than some are found."""

_NATIVE = "dlq?"
"""Codes of the types of numbers that are the same in Python: double, integers of 64 bits, boolean."""

Column = TypeVar("Column")


class Form(Protocol[Column]):
    """How columns of tokens are held until rows are joined of them."""

    def numbers(self, array: NDArray[Any]) -> Column:
        """Return the JSON of numbers or booleans."""
        ...

    def integers(self, values: Integers, missing: int | None = None) -> Column:
        """Return the JSON of integers, with null for `missing`."""
        ...

    def texts(self, texts: list[bytes]) -> Column:
        """Return a column of these texts."""
        ...

    def chosen(self, known: Sequence[bytes], index: Rows) -> Column:
        """Return the column that has `known[index[i]]` in row i."""
        ...

    def members(self, names: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[bytes | Column]:
        """Yield the members of an object that has the numbers of a C-contiguous `matrix` by name."""
        ...

    def rows(self, pieces: Iterable[bytes | Column], length: int) -> Sequence[bytes]:
        """Return the pieces of each row, in order, as one text; there is at least one row."""
        ...


class Tokens:
    """Columns that hold an object for each token."""

    def numbers(self, array: NDArray[Any]) -> list[bytes]:
        """Return the JSON of numbers or booleans."""
        if array.size <= _FEW and array.dtype.char in _NATIVE:
            return orjson.dumps(array.tolist())[1:-1].split(b",")
        return _dumped(array)[1:-1].split(b",")

    def integers(self, values: Integers, missing: int | None = None) -> list[bytes]:
        """Return the JSON of integers, with null for `missing`."""
        found = self.numbers(integers(values))
        if missing is None or (null := b"%d" % missing) not in found:
            return found
        return [b"null" if token == null else token for token in found]

    def texts(self, texts: list[bytes]) -> list[bytes]:
        """Return a column of these texts."""
        return texts

    def chosen(self, known: Sequence[bytes], index: Rows) -> list[bytes]:
        """Return the column that has `known[index[i]]` in row i."""
        return list(map(known.__getitem__, index.tolist()))

    def members(self, names: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[bytes | list[bytes]]:
        """Yield the members; where few rows differ (a tree has one for each leaf), those are written once."""
        if len(matrix) < _FEW:
            return self._each(names, matrix)
        rows: list[bytes] = np.frombuffer(matrix, f"V{matrix.itemsize * len(names)}").tolist()
        known = dict.fromkeys(rows)
        if len(known) * 2 > len(rows):
            return self._each(names, matrix)
        differ = np.frombuffer(b"".join(known), matrix.dtype).reshape(len(known), -1)
        texts = dict(zip(known, self.rows(self._each(names, differ), len(known)), strict=True))
        return [list(map(texts.__getitem__, rows))]

    def rows(self, pieces: Iterable[bytes | list[bytes]], length: int) -> list[bytes]:
        """Return the pieces of each row, in order, as one text."""
        columns = (repeat(piece, length) if isinstance(piece, bytes) else piece for piece in pieces)
        return list(map(b"".join, zip(*columns, strict=True)))

    def _each(self, names: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[bytes | list[bytes]]:
        flat = self.numbers(matrix.reshape(-1))
        return members(names, [flat[place :: len(names)] for place in range(len(names))])


class Texts:
    """Columns that hold no object for a token."""

    def numbers(self, array: NDArray[Any]) -> Piece:
        """Return the JSON of numbers or booleans."""
        return numbers(_dumped(array), len(array))

    def integers(self, values: Integers, missing: int | None = None) -> Piece:
        """Return the JSON of integers, with null for `missing`."""
        array = integers(values)
        if missing is not None and (array == missing).any():
            return self.texts(Tokens().integers(array, missing))
        return self.numbers(array)

    def texts(self, texts: list[bytes]) -> Piece:
        """Return a column of these texts."""
        return Chosen(texts, np.arange(len(texts)))

    def chosen(self, known: Sequence[bytes], index: Rows) -> Piece:
        """Return the column that has `known[index[i]]` in row i."""
        return Chosen(known, index)

    def members(self, names: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[Piece]:
        """Yield the members; where rows repeat (a tree has one for each leaf), those that differ are written once."""
        if len(matrix) > 4 * _PROBED and len(alike(matrix[:_PROBED])[0]) == _PROBED:
            return self._each(names, matrix)
        known, index = alike(matrix)
        if len(known) * 4 > len(matrix) * 3:
            return self._each(names, matrix)
        if len(known) > _FEW:
            return [joined(list(self._each(names, matrix[known])), len(known)).take(index)]
        tokens = Tokens()
        return [Chosen(tokens.rows(tokens.members(names, matrix[known]), len(known)), index)]

    def rows(self, pieces: Iterable[Piece], length: int) -> Payloads:
        """Return the pieces of each row, in order, as one text; there is at least one row."""
        return rows_of(list(pieces), length)

    def _each(self, names: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[Piece]:
        flat = numbers(_dumped(matrix.reshape(-1)), matrix.size)
        return members(names, [every(flat, slice(place, None, len(names))) for place in range(len(names))])


def values(array: NDArray[Any], form: Form[Column]) -> bytes | Column:
    """Return the JSON of each value; a constant, where all are the same text."""
    if array.dtype != object:
        return form.numbers(array)
    known, codes = distinct(array)
    found = list(map(_token, known))
    return found[0] if len(found) == 1 else form.chosen(found, codes)


def members(names: Sequence[str], columns: Sequence[bytes | Column]) -> Iterable[bytes | Column]:
    """Yield the members of an object."""
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        yield (b"," if place else b"") + orjson.dumps(name) + b":"
        yield column


def _token(value: object) -> bytes:
    """Dump one value; an integer that no reader's 64 bits hold becomes a float, as orjson reads it too."""
    if isinstance(value, int) and not -_LONGEST <= value < _LONGEST:
        value = float(value)
    return orjson.dumps(value, option=_NUMPY)


def _dumped(array: NDArray[Any]) -> bytes:
    return orjson.dumps(np.ascontiguousarray(array), option=_NUMPY)
