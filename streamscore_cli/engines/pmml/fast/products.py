"""Weighted sums of many columns at once, in the document's order; what is summed, and why, is said elsewhere."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.sums import in_order

_PROBES = ((3, 1, 2), (5, 2, 1), (7, 3, 2), (9, 1, 16), (11, 15, 33), (13, 16, 1))


def weighted_sums(weights: Matrix, cells: Matrix, out: Matrix) -> None:
    """Write (sums, rows): of each column of `weights` (terms, sums) times `cells` (terms, rows), the first term first.

    Each product is rounded before it is added, and the first is added to 0, whatever the number of rows.
    """
    if out.size > 1 and _einsum_is_ordered():
        np.einsum("ji,jk->ik", weights, cells, out=out)
    else:
        _ordered(weights, cells, out)


def _ordered(weights: Matrix, cells: Matrix, out: Matrix) -> None:
    terms = weights[:, :, None] * cells[:, None, :]
    terms[:1] += 0.0
    out[...] = in_order(terms)


@cache
def _einsum_is_ordered() -> bool:
    """Tell whether this NumPy's einsum adds as we do; one that fuses products and sums, or turns loops, does not."""
    draw = np.random.default_rng(0)
    for terms, sums, rows in _PROBES:
        weights, cells = draw.standard_normal((terms, sums)), draw.standard_normal((terms, rows))
        expected, found = np.empty((sums, rows)), np.empty((sums, rows))
        _ordered(weights, cells, expected)
        np.einsum("ji,jk->ik", weights, cells, out=found)
        if not _same(expected, found):
            return False
    return True


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return one.tobytes() == other.tobytes()
