"""The gate before the fast way: reads all inputs as one matrix and tells odd rows from plain ones; it treats nothing.

A row is plain when each of its inputs is a finite number, or a known word, that the mining schema passes on unchanged,
and each of its derived numbers is finite. Where the models can do with it, an input may also be missing.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.expressions.plain import FieldValue, OrElse
from streamscore_cli.engines.pmml.fast.derive import Derivation, Planner
from streamscore_cli.engines.pmml.fast.plain import Words
from streamscore_cli.engines.pmml.fields.derived import Converted
from streamscore_cli.engines.pmml.fields.field import Invalid, Outliers
from streamscore_cli.engines.pmml.fields.prepare import Input, Prepared
from streamscore_cli.engines.pmml.program import Inputs, Program
from streamscore_cli.engines.pmml.values.column import Cells, Flags
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.types import DataType

_NUMBERS = {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}
_UNKNOWN = -1.0


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
    """How the matrix is read: its rows by name, behind them the derived columns; and what a plain row is within.

    `low`, `high` (rows, 1): None where all that is finite will do. `fills`: what stands for what is missing. `gaps`:
    the rows of the matrix that may be missing in a plain row. `places`: by slot, the row of the matrix that a column
    is, or -1.
    """

    names: tuple[str, ...]
    texts: tuple[int, ...]
    singles: tuple[int, ...]
    wholes: tuple[int, ...]
    low: Matrix | None
    high: Matrix | None
    sieves: tuple[Sieve, ...]
    fills: Matrix | None
    gaps: Flags | None
    derivation: Derivation
    places: tuple[int, ...]
    words: Words

    @property
    def rows(self) -> int:
        """Return how many rows the matrix has."""
        return len(self.names) + len(self.derivation)

    def read(self, inputs: Inputs) -> Matrix | None:
        """Return the matrix (fields, rows), not finite where a cell is odd; None where an input is of another kind."""
        given = self._given(inputs)
        if given is None:
            return None
        matrix: NDArray[Any] = np.concatenate(given)
        if matrix.dtype != np.float64:
            return None
        matrix = matrix.reshape(len(given), -1)
        if self.fills is not None:
            missing = np.isnan(matrix)
            if missing.any():
                np.copyto(matrix, self.fills, where=missing)
        if self.singles:
            if len(self.singles) == len(given):
                matrix = matrix.astype(np.float32).astype(np.float64)
            else:
                matrix[self.singles, :] = matrix[self.singles, :].astype(np.float32)
        return self.derivation.extended(matrix)

    def odd(self, matrix: Matrix) -> Flags | None:
        """Return which rows are odd; None where none is."""
        if self.low is None or self.high is None:
            within = np.isfinite(matrix)
        else:
            within = matrix >= self.low
            within &= matrix <= self.high
        if self.wholes:
            numbers = matrix[self.wholes, :]
            within[self.wholes, :] &= numbers == np.floor(numbers)
        for sieve in self.sieves:
            within[sieve.place] &= sieve.passes(matrix[sieve.place])
        if np.count_nonzero(within) == within.size:
            return None
        if self.gaps is not None:
            within |= np.isnan(matrix) & self.gaps
        plain: Flags = np.logical_and.reduce(within, axis=0)
        return None if plain.all() else ~plain

    def _given(self, inputs: Inputs) -> list[NDArray[Any]] | None:
        """Return the inputs by row, texts as codes; None where one is not given, or is no array of texts."""
        given = [one for name in self.names if (one := inputs.get(name)) is not None]
        if len(given) < len(self.names):
            return None
        for place in self.texts:
            codes = self._codes(given[place])
            if codes is None:
                return None
            given[place] = codes
        return given

    def _codes(self, texts: NDArray[Any]) -> Cells | None:
        if texts.dtype != object:
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
    walls, planner = _Walls(len(inputs)), Planner(places, len(inputs))
    for slot, column in enumerate(program.columns):
        if isinstance(column, Prepared):
            outermost = isinstance(program.columns[column.slot], Input)
            places[slot] = walls.prepared(places[column.slot], column, outermost=outermost)
        elif places[slot] < 0:
            same = _same_as(column)
            places[slot] = -1 if same is None else places[same]
            if places[slot] < 0:
                planner.add(slot, column)
            else:
                walls.repeated(column)
    derivation = planner.derivation()
    kinds = [one.type for _, one in inputs]
    low, high = walls.bounds(len(derivation), _where(kinds, DataType.STRING))
    return Gate(
        tuple(one.name for _, one in inputs),
        _where(kinds, DataType.STRING),
        _where(kinds, DataType.FLOAT),
        _where(kinds, DataType.INTEGER),
        low,
        high,
        tuple(walls.sieves),
        walls.filled(),
        walls.gaps(derivation),
        derivation,
        tuple(places),
        Words(program.words),
    )


class _Walls:
    """Collects what the mining schema lets through, by the row of the matrix."""

    def __init__(self, inputs: int) -> None:
        self.sieves: list[Sieve] = []
        self._low, self._high = [-sys.float_info.max] * inputs, [sys.float_info.max] * inputs
        self._fills: list[set[float]] = [set() for _ in range(inputs)]
        self._missing_as_is = [True] * inputs
        self._replaced = False

    def prepared(self, place: int, column: Prepared, *, outermost: bool) -> int:
        """Take what is prepared of a row of the matrix; `outermost`: of the caller's value itself.

        Returns the row that it is, or -1.
        """
        if not 0 <= place < len(self._low):
            return -1
        as_is = not column.missing_is_invalid and math.isnan(column.missing_replacement)
        self._missing_as_is[place] &= as_is
        if outermost:
            self._fills[place].add(math.nan if column.missing_is_invalid else column.missing_replacement)
        if len(column.intervals) + bool(column.valid) > 1:
            self._fills[place].add(math.nan)
            return -1
        least, most = _bounds(column)
        self._low[place], self._high[place] = max(self._low[place], least), min(self._high[place], most)
        self.sieves += _sieves(place, column)
        return place

    def repeated(self, column: object) -> None:
        """Take that a column is taken for another; it is none where missing cells are replaced on the way."""
        while isinstance(column, Converted):
            column = column.expression
        self._replaced |= isinstance(column, OrElse)

    def bounds(self, derived: int, texts: tuple[int, ...]) -> tuple[Matrix | None, Matrix | None]:
        """Return the bounds, those of derived columns behind those of the inputs; None where they are all there is."""
        least, most = -sys.float_info.max, sys.float_info.max
        low, high = self._low + [least] * derived, self._high + [most] * derived
        for place in texts:
            low[place] = max(low[place], 0.0)
        if set(low) == {least} and set(high) == {most}:
            return None, None
        return np.array(low)[:, None], np.array(high)[:, None]

    def filled(self) -> Matrix | None:
        """Return by row what stands for missing cells, whoever asks; None where nothing does."""
        found = [next(iter(fills)) if len(fills) == 1 else math.nan for fills in self._fills]
        return None if all(map(math.isnan, found)) else np.array(found)[:, None]

    def gaps(self, derivation: Derivation) -> Flags | None:
        """Return the rows of the matrix that may have missing cells; None where none may."""
        if self._replaced or not derivation.keeps_gaps or not any(self._missing_as_is):
            return None
        return np.array(self._missing_as_is + [True] * len(derivation))[:, None]


def _where(kinds: list[DataType], wanted: DataType) -> tuple[int, ...]:
    return tuple(place for place, kind in enumerate(kinds) if kind is wanted)


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
