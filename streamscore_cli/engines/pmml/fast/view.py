"""The cells that trees compare: inputs, other columns, and whether a cell is one of some; it walks nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.prediction import Matrix

Members = tuple[float, ...]
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Sets:
    """What a column is asked besides how large it is: whether its cell is none of some.

    `places`: the rows of the features. `values` (sets, 1): of sets of one cell, that cell. `table` (sets, codes + 2):
    of sets of words, by code 0 where the set has it, for unseen words 1, at the end NaN; None where there are no words.
    """

    slot: int
    places: NDArray[np.intp]
    values: Matrix
    table: Matrix | None

    def rows(self, cells: Cells) -> Matrix:
        """Return (sets, rows) 0 where the set has the cell, 1 where it does not, NaN where the cell is missing."""
        missing = np.isnan(cells)
        if self.table is not None:
            last = self.table.shape[1] - 1
            rows: Matrix = self.table.take(np.where(missing, last, np.minimum(cells, last - 1)).astype(np.intp), axis=1)
            return rows
        found: Matrix = (cells != self.values).astype(np.float64)
        if missing.any():
            found[:, missing] = math.nan
        return found


@dataclass(frozen=True, slots=True)
class View:
    """The matrix of a plain batch, and behind its rows the other features: columns (slot, row), and sets."""

    columns: tuple[tuple[int, int], ...]
    sets: tuple[Sets, ...]
    size: int

    def cells(self, batch: Batch, *, gaps: bool) -> Matrix | None:
        """Return (features, rows); None where a cell cannot be used, or is missing and there are to be no `gaps`."""
        if not isinstance(batch, PlainBatch):
            return None
        inputs = len(batch.matrix)
        if self.size == inputs:
            return batch.matrix
        cells = np.empty((self.size, batch.length))
        cells[:inputs] = batch.matrix
        for slot, place in self.columns:
            values, faults = batch.column(slot)
            if faults is not None:
                return None
            cells[place] = values
        for one in self.sets:
            values, faults = batch.column(one.slot)
            if faults is not None:
                return None
            cells[one.places] = one.rows(values)
        return None if not gaps and np.isnan(cells).any() else cells


@dataclass(slots=True)
class Deck:
    """Numbers the features of several trees, each once.

    `places`: by column, its row of the matrix, or -1; `inputs`: how many rows that has; `words`: how many there are.
    """

    places: tuple[int, ...]
    inputs: int
    words: int
    _columns: dict[int, int] = field(default_factory=dict)
    _sets: dict[tuple[int, bool], dict[Members, int]] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        """Return the number of features."""
        return self.inputs + self._count

    def column(self, slot: int) -> int:
        """Return the feature of a column."""
        if self.places[slot] >= 0:
            return self.places[slot]
        return self._numbered(self._columns, slot)

    def among(self, slot: int, cells: Members, *, words: bool) -> int:
        """Return the feature that is 0 where a column's cell is one of `cells`, else 1; `words`: they are codes."""
        return self._numbered(self._sets.setdefault((slot, words), {}), cells)

    def view(self) -> View:
        """Return the features."""
        sets = []
        for (slot, words), group in self._sets.items():
            values = np.array([math.nan if words else members[0] for members in group])[:, None]
            places = np.array(list(group.values()), dtype=np.intp)
            sets.append(Sets(slot, places, values, self._table(list(group)) if words else None))
        return View(tuple(self._columns.items()), tuple(sets), len(self))

    def _numbered(self, known: dict[_Key, int], key: _Key) -> int:
        if key not in known:
            known[key] = len(self)
            self._count += 1
        return known[key]

    def _table(self, sets: list[Members]) -> Matrix:
        table: NDArray[np.float64] = np.ones((len(sets), self.words + 2))
        for row, members in zip(table, sets, strict=True):
            row[np.array(members, dtype=np.intp)] = 0.0
        table[:, -1] = math.nan
        return table
