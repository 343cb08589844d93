"""Answers of some rows of a batch put back at their places among all; it knows no engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.failures import Failure
from streamscore_cli.core.scores import Scores


def scatter(scores: Scores, rows: Rows, length: int, failures: Iterable[Failure]) -> Scores:
    """Return `scores` of the rows `rows` as scores of a batch of `length` rows.

    Failures in `scores` are renamed to rows of the batch, `failures` name these already; all come in row order. Cells
    of the rows that are not in `rows` mean nothing.
    """
    named = [*failures, *(failure.at(int(rows[failure.row])) for failure in scores.failures)]
    ordered = tuple(sorted(named, key=lambda failure: failure.row))
    if len(rows) == length:
        return Scores(scores.result, scores.labels, scores.probabilities, scores.outputs, ordered)
    return Scores(
        _spread(scores.result, rows, length),
        scores.labels,
        None if scores.probabilities is None else _spread(scores.probabilities, rows, length),
        {name: _spread(array, rows, length) for name, array in scores.outputs.items()},
        ordered,
    )


def _spread(array: NDArray[Any], rows: Rows, length: int) -> NDArray[Any]:
    spread = np.full((length, *array.shape[1:]), None if array.dtype == object else 0, dtype=array.dtype)
    spread[rows] = array
    return spread
