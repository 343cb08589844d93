"""What a graph gave for a batch as `Scores`; it decides which output is the answer and runs nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field
from streamscore_cli.engines.tensorflow_program import OutputTensor, Shape
from streamscore_cli.engines.tensorflow_tensors import MAX_WIDTH, check_width, field_type


def output_field(item: OutputTensor, type_name: str, shape: Shape) -> Field:
    """Describe an output; its width is 1 where the graph does not say. Raises `ModelRejected` where it is too wide."""
    sizes = (shape or ())[1:]
    check_width(math.prod(max(1, size) for size in sizes), f"output '{item.name}' gives")
    return Field(item.name, field_type(type_name, f"output '{item.name}'"), max(1, math.prod(sizes)))


def scores_of(fields: Sequence[Field], answers: Sequence[NDArray[Any]], rows: int) -> Scores:
    """Make scores of the outputs of `rows` rows: the first is the answer, the others are further outputs.

    Of several real numbers the answer is the place of the largest (the first of equals), and the numbers are the
    probabilities of the labels 0 .. k - 1; of one it is the number. Further outputs of k numbers are `name[0]` and on.
    Raises `StreamscoreError` where an output is not one row a record.
    """
    tables = [_table(field, answer, rows) for field, answer in zip(fields, answers, strict=True)]
    outputs: dict[str, NDArray[Any]] = {}
    for field, table in zip(fields[1:], tables[1:], strict=True):
        outputs |= _columns(field.name, table)
    first = tables[0]
    if first.shape[1] == 1:
        return Scores(first[:, 0], outputs=outputs)
    if first.dtype != np.float64:
        return Scores(first[:, 0], outputs={**_columns(fields[0].name, first), **outputs})
    return _classified(first, outputs)


def _classified(numbers: NDArray[np.float64], outputs: dict[str, NDArray[Any]]) -> Scores:
    labels = tuple(str(place) for place in range(numbers.shape[1]))
    bad = np.flatnonzero(np.isnan(numbers).any(axis=1))
    reason = "the model's answer is not a number"
    failures = tuple(Failure(int(row), Stage.SCORE, Cause.SCORING_FAILED, reason) for row in bad)
    return Scores(numbers.argmax(axis=1).astype(np.int64), labels, numbers, outputs, failures)


def _table(field: Field, answer: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return an answer as shape (rows, k) of float64, int64, bool or str."""
    if answer.ndim == 0 or answer.shape[0] != rows:
        raise StreamscoreError(
            f"The TensorFlow output '{field.name}' has the shape {list(answer.shape)} for {rows} records.",
            "A model has to answer every record with one row.",
        )
    table = answer.reshape(rows, -1)
    if table.shape[1] > MAX_WIDTH:
        raise StreamscoreError(
            f"The TensorFlow output '{field.name}' has {table.shape[1]:,} numbers a record, the limit is {MAX_WIDTH:,}."
        )
    if table.dtype.kind == "f":
        return table.astype(np.float64)
    if table.dtype.kind in "iu":
        return table.astype(np.int64)
    return table if table.dtype.kind == "b" else _texts(table)


def _texts(table: NDArray[Any]) -> NDArray[Any]:
    texts = np.empty(table.shape, dtype=object)
    for place, value in np.ndenumerate(table):
        texts[place] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return texts


def _columns(name: str, table: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if table.shape[1] == 1:
        return {name: table[:, 0]}
    return {f"{name}[{place}]": table[:, place] for place in range(table.shape[1])}
