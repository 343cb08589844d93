"""The gate before the fast way: reads all inputs as one matrix and tells odd rows from plain ones; it treats nothing.

A row is plain when each of its inputs is a finite number, or a known word, that the mining schema passes on unchanged.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.expressions.plain import FieldValue, OrElse
from streamscore_cli.engines.pmml.fast.plain import Words
from streamscore_cli.engines.pmml.fields.derived import Converted
from streamscore_cli.engines.pmml.fields.field import Invalid, Outliers
from streamscore_cli.engines.pmml.fields.prepare import Input, Prepared
from streamscore_cli.engines.pmml.program import Inputs, Program
from streamscore_cli.engines.pmml.values.column import Cells, Flags
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.types import DataType

_NUMBERS = {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}
_UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Sieve:
    """Values of one field that its row of the matrix must not have, or must be among (where there are any)."""

    place: int
    among: NDArray[np.float64] | None
    without: NDArray[np.float64] | None

    def passes(self, values: Cells) -> Flags:
        """Return the rows that stay plain."""
        passed = np.ones(len(values), dtype=bool) if self.among is None else np.isin(values, self.among)
        return passed if self.without is None else passed & ~np.isin(values, self.without)


@dataclass(frozen=True, slots=True)
class Gate:
    """How the matrix is read: its rows by name, and what a plain row's values are within.

    `places`: by slot, the row of the matrix that a column is, or -1.
    """

    names: tuple[str, ...]
    texts: tuple[int, ...]
    singles: tuple[int, ...]
    wholes: tuple[int, ...]
    low: Matrix
    high: Matrix
    sieves: tuple[Sieve, ...]
    places: tuple[int, ...]
    words: Words

    def read(self, inputs: Inputs) -> Matrix | None:
        """Return the matrix (fields, rows), NaN where a cell is odd; None where an input is not given as expected."""
        given = [inputs.get(name) for name in self.names]
        if self.texts:
            for place in self.texts:
                given[place] = self._codes(given[place])
        if any(one is None for one in given):
            return None
        matrix: NDArray[Any] = np.concatenate([one for one in given if one is not None])
        if matrix.dtype != np.float64:
            return None
        matrix = matrix.reshape(len(given), -1)
        if self.singles:
            with np.errstate(over="ignore", under="ignore"):
                if len(self.singles) == len(given):
                    return matrix.astype(np.float32).astype(np.float64)
                matrix[self.singles, :] = matrix[self.singles, :].astype(np.float32)
        return matrix

    def odd(self, matrix: Matrix) -> Flags | None:
        """Return which rows are odd; None where none is."""
        within = matrix >= self.low
        within &= matrix <= self.high
        if self.wholes:
            numbers = matrix[self.wholes, :]
            within[self.wholes, :] &= numbers == np.floor(numbers)
        for sieve in self.sieves:
            within[sieve.place] &= sieve.passes(matrix[sieve.place])
        if within.all():
            return None
        odd: Flags = ~np.logical_and.reduce(within, axis=0)
        return odd

    def _codes(self, texts: NDArray[Any] | None) -> Cells | None:
        if texts is None or texts.dtype != object:
            return None
        codes = self.words.dictionary.codes
        try:
            return np.array([codes.get(text, _UNKNOWN) for text in texts.tolist()], dtype=np.float64)
        except TypeError:
            return None


def gate_of(program: Program) -> Gate | None:
    """Return the gate of a program; None where an input is neither a number nor a text."""
    inputs = [(slot, one) for slot, one in enumerate(program.columns) if isinstance(one, Input)]
    if not inputs or any(one.type not in _NUMBERS and one.type is not DataType.STRING for _, one in inputs):
        return None
    places = [-1] * len(program.columns)
    for place, (slot, _) in enumerate(inputs):
        places[slot] = place
    low = np.full((len(inputs), 1), -sys.float_info.max)
    high = np.full((len(inputs), 1), sys.float_info.max)
    sieves = []
    for slot, column in enumerate(program.columns):
        same = _same_as(column)
        if same is not None:
            places[slot] = places[same]
        elif isinstance(column, Prepared) and places[column.slot] >= 0 and _is_simple(column):
            place = places[slot] = places[column.slot]
            least, most = _bounds(column)
            low[place, 0], high[place, 0] = max(low[place, 0], least), min(high[place, 0], most)
            sieves += _sieves(place, column)
    kinds = [one.type for _, one in inputs]
    return Gate(
        tuple(one.name for _, one in inputs),
        _where(kinds, DataType.STRING),
        _where(kinds, DataType.FLOAT),
        _where(kinds, DataType.INTEGER),
        low,
        high,
        tuple(sieves),
        tuple(places),
        Words(program.words),
    )


def _where(kinds: list[DataType], wanted: DataType) -> tuple[int, ...]:
    return tuple(place for place, kind in enumerate(kinds) if kind is wanted)


def _is_simple(column: Prepared) -> bool:
    """Tell whether the valid values are all, one interval or a set; what is not simple is computed as ever."""
    return len(column.intervals) + bool(column.valid) <= 1


def _same_as(column: object) -> int | None:
    """Return the column that an expression repeats, as far as plain rows go."""
    if isinstance(column, OrElse):
        return _same_as(column.expression)
    if isinstance(column, Converted) and column.type is DataType.DOUBLE:
        return None if column.expression.type is DataType.STRING else _same_as(column.expression)
    return column.slot if isinstance(column, FieldValue) else None


def _bounds(column: Prepared) -> tuple[float, float]:
    low, high = -math.inf, math.inf
    if column.on_invalid is not Invalid.AS_IS or column.outliers is not Outliers.AS_IS:
        for interval in column.intervals:
            low = interval.low if interval.low_closed else math.nextafter(interval.low, math.inf)
            high = interval.high if interval.high_closed else math.nextafter(interval.high, -math.inf)
    if column.outliers is not Outliers.AS_IS:
        low, high = max(low, column.low), min(high, column.high)
    return low, high


def _sieves(place: int, column: Prepared) -> list[Sieve]:
    among = np.array(column.valid) if column.valid and column.on_invalid is not Invalid.AS_IS else None
    banned = column.missing + (() if column.on_invalid is Invalid.AS_IS else column.invalid)
    without = np.array(banned) if banned else None
    return [] if among is None and without is None else [Sieve(place, among, without)]
