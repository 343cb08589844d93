"""The leaf of one tree for every row by all its comparisons at once; which trees gain by it is said here, no more.

A grove looks up each feature's place among its thresholds, which for a lone tree with few of them costs more than to
compare with all: eight answers are the bits of a byte, and a table says by byte which leaves they leave.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.grove import Grove, Leaves
from streamscore_cli.engines.pmml.values.prediction import Matrix

_BYTE = 8
_CONTENTS = 1 << _BYTE
_MOST_PER_FEATURE = 6
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Panel:
    """Comparisons, a multiple of eight, `bits` having the place of each in its byte.

    `thresholds` (comparisons, 1): of 32 bits where all cells compared are. `table`: by byte, and what is in it, the
    leaves that are left, as bits; `offsets` (bytes, 1) says where a byte's part of it begins.
    """

    features: Leaves
    thresholds: NDArray[Any]
    bits: NDArray[np.uint8]
    offsets: Leaves
    table: NDArray[Any]

    def leaves(self, cells: Matrix) -> Leaves:
        """Return the leaf that each row, a column of `cells` (features, rows) without missing ones, comes to."""
        rows = cells.shape[1]
        if rows <= _ROWS_AT_ONCE:
            return self._at_once(cells)
        parts = [self._at_once(cells[:, first : first + _ROWS_AT_ONCE]) for first in range(0, rows, _ROWS_AT_ONCE)]
        return np.concatenate(parts)

    def _at_once(self, cells: Matrix) -> Leaves:
        given = cells.astype(self.thresholds.dtype, copy=False).take(self.features, axis=0)
        answers = np.greater(given, self.thresholds).view(np.uint8)
        answers *= self.bits
        found = np.bitwise_or.reduce(answers.reshape(len(self.offsets), _BYTE, -1), axis=1)
        left = np.bitwise_and.reduce(self.table.take(found + self.offsets), axis=0)
        below = left - left.dtype.type(1)
        below &= ~left
        leaves: Leaves = np.bitwise_count(below).astype(np.intp)
        return leaves


def panel_of(grove: Grove, singles: Collection[int]) -> Panel | None:
    """Return a grove's panel; None unless it is one small tree of orders. `singles`: the features of 32 bits."""
    count = sum(len(cut.table) - 1 - grove.gaps for cut in grove.cuts)
    if not grove.nests or len(grove.offsets) > 1 or not 0 < count <= _MOST_PER_FEATURE * len(grove.cuts):
        return None
    features, thresholds, kept = [], [], []
    for cut in grove.cuts:
        size = len(cut.table) - 1 - grove.gaps
        features += [cut.feature] * size
        thresholds += cut.thresholds[:size].tolist()
        kept += cut.table[1 : size + 1, 0].tolist()
    room = -count % _BYTE
    limits = np.array(thresholds + [np.inf] * room)[:, None]
    offsets = np.arange((count + room) // _BYTE, dtype=np.intp)[:, None] * _CONTENTS
    return Panel(
        np.array(features + [features[-1]] * room, dtype=np.intp),
        _below(limits) if set(features) <= set(singles) else limits,
        (np.uint8(1) << np.arange(count + room, dtype=np.uint8) % _BYTE)[:, None],
        offsets,
        _table(np.array(kept, dtype=grove.cuts[0].table.dtype), len(offsets)),
    )


def _table(kept: NDArray[Any], count: int) -> NDArray[Any]:
    """Return by byte and content what its comparisons leave where they hold."""
    full = ~kept.dtype.type(0)
    table = np.full((count, _CONTENTS), full, dtype=kept.dtype)
    contents = np.arange(_CONTENTS)
    for place, left in enumerate(kept):
        table[place // _BYTE, (contents >> place % _BYTE & 1).astype(bool)] &= left
    return table.ravel()


def _below(limits: Matrix) -> NDArray[np.float32]:
    """Return the largest numbers of 32 bits that are not above the limits: those of 32 bits compare alike."""
    with np.errstate(over="ignore", under="ignore"):
        narrow = limits.astype(np.float32)
        lower: NDArray[np.float32] = np.where(narrow > limits, np.nextafter(narrow, np.float32(-np.inf)), narrow)
    return lower
