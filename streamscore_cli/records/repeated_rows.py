"""Which rows of a matrix are the same bytes as an earlier or later one; what the numbers mean is nothing to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows

_ODD = 0x9E3779B97F4A7C15
_HALF = np.uint64(32)


def alike(matrix: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """Return rows among which each row of a C-contiguous `matrix` is found, and the place of each row's in them.

    Rows are compared bit by bit. Some that are alike may be taken for two: those of which another one has the hash.
    """
    bits = matrix.view(np.uint64)
    places = np.arange(len(bits), dtype=np.intp)
    spread = max(len(bits).bit_length() + 3, 8)
    factors = np.full(bits.shape[1], _ODD, np.uint64).cumprod()
    hashes = ((bits ^ (bits >> _HALF)) @ factors) >> np.uint64(64 - spread)
    slots = np.empty(1 << spread, np.intp)
    slots[hashes] = places
    found = slots[hashes]
    other = bits[found] != bits
    if other.any():
        rows = other.nonzero()[0]
        found[rows] = rows
    known = np.flatnonzero(found == places)
    slots[known] = places[: len(known)]
    return known, slots[found]
