"""Sums whose order is that of the document: bit for bit the same for one row as for many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def in_order(terms: NDArray[Any]) -> NDArray[Any]:
    """Return the sums over the first axis, its first term first, in the terms' own precision.

    NumPy sums a lone column pairwise, and any other in order.
    """
    if terms.size == len(terms):
        total: NDArray[Any] = np.add.accumulate(terms, axis=0)[-1]
    else:
        total = np.add.reduce(terms, axis=0)
    return total
