"""How many of a feature's thresholds are below each cell, for many features at once; what that means it does not know.

A search takes a branch a threshold, which no processor guesses. Here a cell's rung is found by one multiplication: the
rungs are so many that each holds at most one threshold, with which the cell is compared. Both are exact, as floating
point subtraction and multiplication keep order: whatever is on a lower rung than a threshold is below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.prediction import Matrix

Counts = NDArray[np.intp]

_FEWEST, _MOST = 4, 1024
"""Rungs of one feature: more would not stay in a core's nearest memory."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of features: by row of `features`, cells are numbered from `low` on, `scale` rungs to the unit.

    `first`, `last`: the first rung of a feature among all, and the number of its last. By rung: `below`, how many
    thresholds are on lower ones, and `threshold`, the one that is on it, or infinity. `ends`: what a missing cell has.
    All but `features`, `below` and `threshold` are of shape (features, 1).
    """

    features: Counts
    low: Matrix
    scale: Matrix
    first: Counts
    last: Matrix
    below: Counts
    threshold: Cells
    ends: Counts

    def counts(self, cells: Matrix, *, gaps: bool) -> Counts:
        """Return (features, rows) what `searchsorted` says of `cells` (all features, rows), which are finite.

        With `gaps`, cells may be missing, too.
        """
        given = cells if len(cells) == len(self.features) else cells.take(self.features, axis=0)
        rungs = given - self.low
        rungs *= self.scale
        np.fmax(rungs, 0.0, out=rungs)
        np.minimum(rungs, self.last, out=rungs)
        at = rungs.astype(np.intp)
        at += self.first
        found = self.below.take(at)
        found += given > self.threshold.take(at)
        if gaps:
            missing = np.isnan(given)
            if missing.any():
                np.copyto(found, self.ends, where=missing)
        return found


def ladder_of(thresholds: Sequence[tuple[int, Cells]]) -> Ladder | None:
    """Return the ladder of the features (by number, ascending, each with its ascending thresholds) that can have one.

    Infinity, the last threshold where cells may be missing, is above whatever is not.
    """
    built = [(feature, cuts, rungs) for feature, cuts in thresholds if (rungs := _rungs(cuts)) is not None]
    if not built:
        return None
    sizes = np.array([len(rungs.below) for _, _, rungs in built])
    return Ladder(
        np.array([feature for feature, _, _ in built], np.intp),
        np.array([[rungs.low] for _, _, rungs in built]),
        np.array([[rungs.scale] for _, _, rungs in built]),
        (np.cumsum(sizes) - sizes)[:, None],
        (sizes - 1.0)[:, None],
        np.concatenate([rungs.below for _, _, rungs in built]),
        np.concatenate([rungs.threshold for _, _, rungs in built]),
        np.array([[len(cuts)] for _, cuts, _ in built], np.intp),
    )


@dataclass(frozen=True, slots=True)
class _Rungs:
    low: float
    scale: float
    below: Counts
    threshold: Cells


def _rungs(thresholds: Cells) -> _Rungs | None:
    """Return the fewest rungs of which none has two thresholds; None where that would be too many."""
    cuts = thresholds[np.isfinite(thresholds)]
    if not len(cuts) or thresholds[0] == -math.inf:  # which all cells are above
        return None
    low, width = float(cuts[0]), float(cuts[-1]) - float(cuts[0])
    count = max(_FEWEST, 1 << len(cuts).bit_length())
    while count <= _MOST:
        scale = (count - 1) / width if width > 0 else 1.0
        if not 0 < scale < math.inf:
            return None
        at = np.minimum(np.fmax((cuts - low) * scale, 0.0), count - 1.0).astype(np.intp)
        if (np.diff(at) > 0).all():
            threshold = np.full(count, np.inf)
            threshold[at] = cuts
            return _Rungs(low, scale, np.searchsorted(at, np.arange(count)), threshold)
        count *= 2
    return None
