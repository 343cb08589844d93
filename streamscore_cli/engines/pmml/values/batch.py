"""One batch on its way through a compiled model: what is computed already, and why rows fail; it computes on demand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults
from streamscore_cli.engines.pmml.values.prediction import Prediction
from streamscore_cli.engines.pmml.values.types import DataType, show_number
from streamscore_cli.engines.pmml.values.words import BatchWords


class Computes(Protocol):
    """Data that knows how to compute a column of a batch: an input, an expression, a predicate, an output."""

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; the batch's rows, never more, never fewer."""
        ...


class Predicts(Protocol):
    """Data that knows how to predict for a batch: a compiled model."""

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        ...


class Batch:
    """Rows being scored. `columns` and `models` are the model's; what was computed once is kept by its number."""

    __slots__ = ("_columns", "_done", "_models", "_predicted", "inputs", "length", "reasons", "words")

    def __init__(
        self,
        length: int,
        inputs: Mapping[str, NDArray[Any]],
        columns: tuple[Computes, ...],
        models: tuple[Predicts, ...],
        words: BatchWords,
    ) -> None:
        """Start with nothing computed."""
        self.length = length
        self.inputs = inputs
        self.words = words
        self.reasons: list[str] = []
        self._columns = columns
        self._models = models
        self._done: list[Column | None] = [None] * len(columns)
        self._predicted: list[Prediction | None] = [None] * len(models)

    def column(self, slot: int) -> Column:
        """Return a column by its number, computing it at the first call."""
        found = self._done[slot]
        if found is None:
            found = self._done[slot] = self._columns[slot].evaluate(self)
        return found

    def prediction(self, model: int) -> Prediction:
        """Return the prediction of a model by its number, computing it at the first call."""
        found = self._predicted[model]
        if found is None:
            found = self._predicted[model] = self._models[model].predict(self)
        return found

    def constant(self, value: float) -> Cells:
        """Return a column's cells, all the same; they must not be written to."""
        return np.broadcast_to(np.float64(value), self.length)

    def fault(self, reason: str) -> int:
        """Return the number of a reason for rows to fail."""
        self.reasons.append(reason)
        return len(self.reasons)

    def faults(self, rows: NDArray[np.bool_], reason: str) -> Faults | None:
        """Return one reason for all of these rows; None if there are none."""
        if not rows.any():
            return None
        return np.where(rows, np.int32(self.fault(reason)), np.int32(0))

    def faults_of_values(self, rows: NDArray[np.bool_], column: Cells, kind: DataType, reason: str) -> Faults | None:
        """Return a reason for each of these rows that ends with the row's value."""
        if not rows.any():
            return None
        result = np.zeros(self.length, dtype=np.int32)
        for row in np.flatnonzero(rows).tolist():
            result[row] = self.fault(f"{reason} {self.show(float(column[row]), kind)}")
        return result

    def show(self, cell: float, kind: DataType) -> str:
        """Return a cell as text, for a reason."""
        if math.isnan(cell):
            return "missing"
        return repr(self.words.word(cell)) if kind is DataType.STRING else show_number(cell, kind)
