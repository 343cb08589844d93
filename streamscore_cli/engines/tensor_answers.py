"""What a graph of tensors gave for a batch, as tables and `Scores`; it runs nothing and knows no run time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.scores import Scores

MAX_WIDTH = 1_000_000
"""Numbers of one record that an input may take or an output may give; a declared shape costs a model nothing."""


def table_of(what: str, answer: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return an answer as shape (rows, k) of float64, int64, bool or str; `what` is as in "TensorFlow output 'y'".

    `rows` is at least 1. Raises `StreamscoreError` where it is not one row a record, empty or too wide.
    """
    if answer.ndim == 0 or answer.shape[0] != rows:
        raise StreamscoreError(
            f"The {what} has the shape {list(answer.shape)} for {rows} records.",
            "A model has to answer every record with one row.",
        )
    if not answer.size:
        raise StreamscoreError(f"The {what} is empty: its shape is {list(answer.shape)}.")
    table = answer.reshape(rows, -1)
    if table.shape[1] > MAX_WIDTH:
        raise StreamscoreError(f"The {what} has {table.shape[1]:,} numbers a record, the limit is {MAX_WIDTH:,}.")
    if table.dtype.kind == "f":
        return table.astype(np.float64)
    if table.dtype.kind in "iu":
        return table.astype(np.int64)
    return table if table.dtype.kind == "b" else _texts(table)


def scores_of_tables(names: Sequence[str], tables: Sequence[NDArray[Any]]) -> Scores:
    """Make scores of outputs: the first is the answer, the others are further outputs.

    Of several real numbers the answer is the place of the largest (the first of equals), and the numbers are the
    probabilities of the labels 0 .. k - 1; of one it is the number. Further outputs of k numbers are `name[0]` and on.
    """
    first = tables[0]
    outputs: dict[str, NDArray[Any]] = {}
    for name, table in zip(names[1:], tables[1:], strict=True):
        outputs |= columns_of(name, table)
    if first.shape[1] == 1:
        return Scores(first[:, 0], outputs=outputs)
    if first.dtype != np.float64:
        return Scores(first[:, 0], outputs={**columns_of(names[0], first), **outputs})
    return Scores(first.argmax(axis=1).astype(np.int64), _places(first.shape[1]), first, outputs, not_numbers(first))


def not_numbers(table: NDArray[np.float64]) -> tuple[Failure, ...]:
    """Return a failure for each row that has NaN among its probabilities."""
    if not table.size or not np.isnan(table.min()):
        return ()
    reason = "the model's answer is not a number"
    bad = np.flatnonzero(np.isnan(table).any(axis=1))
    return tuple(Failure(int(row), Stage.SCORE, Cause.SCORING_FAILED, reason) for row in bad)


def columns_of(name: str, table: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return a further output as columns: `name`, or `name[0]` and on."""
    if table.shape[1] == 1:
        return {name: table[:, 0]}
    return {f"{name}[{place}]": table[:, place] for place in range(table.shape[1])}


@lru_cache(maxsize=64)
def _places(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _texts(table: NDArray[Any]) -> NDArray[Any]:
    texts = np.empty(table.size, dtype=object)
    texts[:] = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in table.ravel().tolist()
    ]
    return texts.reshape(table.shape)
