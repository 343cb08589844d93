"""A column of cells, the faults of its rows, and three-valued logic on columns; it computes nothing of PMML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float64]
"""float64, shape (rows,): see `types`; NaN is missing, and for a truth value unknown."""

Flags = NDArray[np.bool_]
"""bool, shape (rows,)."""

Faults = NDArray[np.int32]
"""int32, shape (rows,): 0, or the number of the reason (in the batch's book) why the cell cannot be used."""


class Column(NamedTuple):
    """Cells, and where there are any the faults; a row's fault matters only once something uses the cell."""

    values: Cells
    faults: Faults | None = None


def merged(faults: Iterable[Faults | None]) -> Faults | None:
    """Return for each row the first fault of several columns."""
    result: Faults | None = None
    for more in faults:
        if more is not None:
            result = more if result is None else np.where(result != 0, result, more)
    return result


def among(faults: Faults | None, used: NDArray[np.bool_]) -> Faults | None:
    """Return the faults of the rows that are used; None where none is left."""
    if faults is None:
        return None
    kept = np.where(used, faults, np.int32(0))
    return kept if kept.any() else None


def conjunction(terms: Iterable[Cells]) -> Cells:
    """Return Kleene's and: false where any is false, else unknown where any is unknown, else true."""
    stacked = np.stack(list(terms))
    return np.where((stacked == 0).any(axis=0), 0.0, np.where(np.isnan(stacked).any(axis=0), np.nan, 1.0))


def disjunction(terms: Iterable[Cells]) -> Cells:
    """Return Kleene's or: true where any is true, else unknown where any is unknown, else false."""
    stacked = np.stack(list(terms))
    return np.where((stacked == 1).any(axis=0), 1.0, np.where(np.isnan(stacked).any(axis=0), np.nan, 0.0))


def negation(term: Cells) -> Cells:
    """Return the opposite; the unknown stays unknown."""
    return 1.0 - term


def any_of(flags: Flags, axis: int = 0) -> Flags:
    """Return where any flag along an axis is set."""
    result: Flags = np.logical_or.reduce(flags, axis=axis)
    return result


def missing_in_any(columns: Iterable[Cells]) -> Flags:
    """Return the rows in which one of the columns is missing."""
    return any_of(np.isnan(np.stack(list(columns))))


def truth(condition: NDArray[np.bool_], *operands: Cells) -> Cells:
    """Return a condition as cells, unknown where an operand is missing."""
    result = condition.astype(np.float64)
    for operand in operands:
        np.copyto(result, np.nan, where=np.isnan(operand))
    return result
