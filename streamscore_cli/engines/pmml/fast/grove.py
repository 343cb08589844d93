"""Many trees at once: the leaf of every tree for every row; what the leaves say, and how it is planted, is elsewhere.

The top of each tree is QuickScorer's (Lucchese et al., SIGIR 2015): a leaf is a bit, a comparison that fails clears the
bits of its left side, and what a cell's value clears in all trees is one row of a table. What is deeper is walked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.ladder import Ladder
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.prediction import Matrix

Leaves = NDArray[np.intp]

_PAIRS_AT_ONCE = 60_000
FEW_PAIRS = 40
_STILL_MANY = 0.75
_WORTH_A_LADDER = 64
"""Fewer rows than this are searched for faster."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """One feature's thresholds, ascending, and by their number below a cell the bits that it leaves in each tree.

    Where cells may be missing, the last threshold is infinity and NaN is behind it.
    """

    feature: int
    thresholds: Cells
    table: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rest:
    """What is below the tops: forks, and behind them the leaves as forks that lead to themselves.

    `entries`: by leaf of a top, the fork to go on at, or -1. `count`: how many true forks there are. `missing`: the
    forks where a missing cell goes the second way; None where no cell is missing.
    """

    entries: Leaves
    features: Leaves
    thresholds: Cells
    leads: Leaves
    count: int
    depth: int
    missing: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Grove:
    """Trees whose leaves are numbered from the first tree's to the last's; `trees` and `nodes` say by leaf whose it is.

    The first of the `cuts` are those of the features of `ladder`. A leaf whose node is -1 is met by no row. `nests`:
    small trees as tuples (feature, threshold, then, else) of such tuples and leaves, for few rows without missing
    cells. `gaps`: cells may be missing.
    """

    cuts: tuple[Cuts, ...]
    ladder: Ladder | None
    offsets: NDArray[np.intp]
    trees: NDArray[np.intp]
    nodes: NDArray[np.intp]
    rest: Rest | None
    nests: tuple[object, ...]
    gaps: bool

    def leaves(self, cells: Matrix) -> Leaves:
        """Return (trees, rows) the leaf that each row, a column of `cells` (features, rows), comes to."""
        trees, rows = len(self.offsets), cells.shape[1]
        if self.nests and trees * rows <= FEW_PAIRS:
            listed = cells.T.tolist()
            if not self.gaps or not any(isnan(sum(row)) for row in listed):
                return self._one_by_one(listed)
        step = max(1, _PAIRS_AT_ONCE // trees)
        if rows <= step:
            return self._at_once(cells)
        parts = [self._at_once(cells[:, first : first + step]) for first in range(0, rows, step)]
        return np.concatenate(parts, axis=1)

    def _one_by_one(self, rows: list[list[float]]) -> Leaves:
        found = []
        for nest in self.nests:
            for row in rows:
                place = nest
                while type(place) is tuple:
                    place = place[2] if row[place[0]] <= place[1] else place[3]
                found.append(place)
        return np.array(found, dtype=np.intp).reshape(len(self.nests), len(rows))

    def _kept(self, cells: Matrix) -> Iterator[NDArray[Any]]:
        """Yield by feature (rows, trees) the bits that its cells leave in each tree."""
        searched = self.cuts
        if self.ladder is not None and cells.shape[1] >= _WORTH_A_LADDER:
            for cut, places in zip(self.cuts, self.ladder.counts(cells, gaps=self.gaps), strict=False):
                yield cut.table.take(places, axis=0)
            searched = self.cuts[len(self.ladder.features) :]
        for cut in searched:
            yield cut.table.take(cut.thresholds.searchsorted(cells[cut.feature]), axis=0)

    def _at_once(self, cells: Matrix) -> Leaves:
        trees, rows = len(self.offsets), cells.shape[1]
        found = np.empty((trees, rows), dtype=np.intp)
        if not self.cuts:
            found[:] = self.offsets[:, None]
            return found
        first, *others = self._kept(cells)
        left = first
        for kept in others:
            left &= kept
        below = left - left.dtype.type(1)
        below &= ~left
        np.add(np.bitwise_count(below).T, self.offsets[:, None], out=found)
        if self.rest is not None:
            _go_on(self.rest, found, cells)
        return found


def _go_on(rest: Rest, found: Leaves, cells: Matrix) -> None:
    """Replace the leaves of the tops that are none by those further down."""
    rows = cells.shape[1]
    flat, out = np.ascontiguousarray(cells).ravel(), found.reshape(-1)
    place = rest.entries.take(out)
    pairs = np.flatnonzero(place >= 0)
    place = place.take(pairs)
    row = pairs % rows
    shift = len(rest.entries) - rest.count
    gaps = rest.missing is not None and np.isnan(flat).any()
    for level in range(rest.depth):
        cell = rest.features.take(place)
        cell *= rows
        cell += row
        given = flat.take(cell)
        right = given > rest.thresholds.take(place)
        if gaps and rest.missing is not None:
            right |= np.isnan(given) & rest.missing.take(place)
        place += place
        place += right
        place = rest.leads.take(place)
        if level % 2:
            going = np.flatnonzero(place < rest.count)
            if len(going) < _STILL_MANY * len(place):
                out[pairs] = place + shift
                pairs, row, place = pairs.take(going), row.take(going), place.take(going)
    out[pairs] = place + shift
