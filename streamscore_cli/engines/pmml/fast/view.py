"""The cells that trees compare: inputs, other columns, and whether a cell is one of some; it walks nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.prediction import Matrix

Cells = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Extra:
    """A feature that is no input: a column, or (`among`) whether its cell is none of some."""

    slot: int
    among: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class View:
    """The matrix of a plain batch, and behind its rows the other features."""

    extras: tuple[Extra, ...]

    def cells(self, batch: Batch) -> Matrix | None:
        """Return (features, rows); None where a cell is missing or cannot be used, or the batch is not plain."""
        if not isinstance(batch, PlainBatch):
            return None
        if not self.extras:
            return batch.matrix
        inputs = len(batch.matrix)
        cells = np.empty((inputs + len(self.extras), batch.length))
        cells[:inputs] = batch.matrix
        for place, extra in enumerate(self.extras, inputs):
            values, faults = batch.column(extra.slot)
            if faults is not None or np.isnan(values).any():
                return None
            cells[place] = values if extra.among is None else ~np.isin(values, extra.among)
        return cells


@dataclass(slots=True)
class Deck:
    """Numbers the features of several trees, each once; `places`: by column, its row of the matrix, or -1."""

    places: tuple[int, ...]
    _extras: dict[tuple[int, Cells | None], int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of features."""
        return max(self.places, default=-1) + 1 + len(self._extras)

    def column(self, slot: int) -> int:
        """Return the feature of a column."""
        return self.places[slot] if self.places[slot] >= 0 else self._extra(slot, None)

    def among(self, slot: int, cells: Cells) -> int:
        """Return the feature that is 0 where a column's cell is one of `cells`, else 1."""
        return self._extra(slot, cells)

    def view(self) -> View:
        """Return the features."""
        return View(tuple(Extra(slot, None if cells is None else np.array(cells)) for slot, cells in self._extras))

    def _extra(self, slot: int, cells: Cells | None) -> int:
        return self._extras.setdefault((slot, cells), len(self))
