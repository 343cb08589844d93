"""The rows of a batch that a graph of tensors can take are scored, the others named; what runs the graph is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns, all_rows
from streamscore_cli.core.failures import Failure
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.scatter import scatter
from streamscore_cli.engines.tensor_input import InputSpec

MOST_BLANK_ROWS = 64
"""Rows of nothing that a graph is given where a batch has no good one."""

Answer = Callable[[list[NDArray[Any]], int], Scores]
"""Scores arrays, one for each input, of that many rows, which are at least one."""


def score_rows(inputs: Sequence[InputSpec], columns: Columns, answer: Answer) -> Scores:
    """Answer all rows; one that lacks an input, or has one of another type, is a failure of that row alone."""
    failures: dict[int, Failure] = {}
    for item in inputs:
        failures = item.failures(columns) | failures
    good = all_rows(columns.length)
    if failures:
        good = np.delete(good, list(failures))
    if len(good):
        scores = answer([item.feed(columns, good) for item in inputs], len(good))
    else:
        # Not every graph takes a batch of no rows, but the types of the answer are wanted all the same; and of as many
        # rows as were asked for, so that the warm-up is one even where made-up rows are all bad.
        rows = max(1, min(columns.length, MOST_BLANK_ROWS))
        blank = answer([item.blank(rows) for item in inputs], rows)
        scores = Scores(blank.result, blank.labels, blank.probabilities, blank.outputs).take(good)
    return scatter(scores, good, columns.length, failures.values())
