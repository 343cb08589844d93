"""Support vector machines scored, one for a number, several for a category; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.support_vector.kernel import Kernel
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, any_of, merged, truth
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction
from streamscore_cli.engines.pmml.values.sums import in_order

_CHUNK_CELLS = 65_536
"""So many (vector, row) pairs are computed at once: they stay in the cache."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """1 where a field has a category, else 0 (CategoricalPredictor)."""

    slot: int
    cell: float

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        return Column(truth(values == self.cell, values), faults)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: the places of its vectors in the dictionary, their coefficients, and what is added last."""

    places: NDArray[np.intp]
    coefficients: Cells
    intercept: float


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines that share their kernel and their vectors, (fields, vectors); without vectors the fields themselves."""

    slots: tuple[int, ...]
    kernel: Kernel
    vectors: Matrix | None
    machines: tuple[Machine, ...]

    def evaluate(self, batch: Batch) -> tuple[Matrix, Faults | None]:
        """Return the value of every machine, (machines, rows), and the faults; a missing field is one."""
        columns = [batch.column(slot) for slot in self.slots]
        rows = np.stack([column.values for column in columns])
        missing = batch.faults(any_of(np.isnan(rows)), "a field of the support vectors is missing")
        faults = merged([*(column.faults for column in columns), missing])
        result = np.empty((len(self.machines), batch.length))
        step = max(1, _CHUNK_CELLS // (len(rows) if self.vectors is None else self.vectors.shape[1]))
        for start in range(0, batch.length, step):
            self._fill(result[:, start : start + step], rows[:, start : start + step])
        return result, faults

    def _fill(self, result: Matrix, rows: Matrix) -> None:
        kernels = rows if self.vectors is None else self.kernel.evaluate(rows, self.vectors)
        with np.errstate(all="ignore"):
            for place, machine in enumerate(self.machines):
                terms = kernels[machine.places] * machine.coefficients[:, None]
                result[place] = in_order(terms) + machine.intercept


@dataclass(frozen=True, slots=True)
class Regression:
    """The value of one machine."""

    machines: Machines

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        values, faults = self.machines.evaluate(batch)
        return Prediction(Column(values[0], faults))


@dataclass(frozen=True, slots=True)
class OneAgainstAll:
    """The category whose machine has the smallest value, or with `largest` the largest; of equal ones the first."""

    machines: Machines
    cells: tuple[float, ...]
    largest: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; a value that is no number never wins."""
        values, faults = self.machines.evaluate(batch)
        ranked = -values if self.largest else values
        best = np.argmin(np.where(np.isnan(ranked), math.inf, ranked), axis=0)
        return Prediction(Column(np.array(self.cells)[best], faults))


@dataclass(frozen=True, slots=True)
class OneAgainstOne:
    """Machines that each vote for one of two categories; of equal votes the category voted for first wins.

    `pairs`: for each machine the places, among the labels, of its category and of its alternate one, which wins where
    the value is not below the threshold (with `largest`: not above).
    """

    machines: Machines
    labels: tuple[float, ...]
    pairs: tuple[tuple[int, int], ...]
    thresholds: tuple[float, ...]
    largest: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row, and the shares of the votes as probabilities."""
        values, faults = self.machines.evaluate(batch)
        votes = np.zeros((batch.length, len(self.labels)))
        first = np.full(votes.shape, len(self.pairs))
        for place, (category, alternate) in enumerate(self.pairs):
            threshold = self.thresholds[place]
            chosen = values[place] > threshold if self.largest else values[place] < threshold
            votes[:, category] += chosen
            votes[:, alternate] += ~chosen
            for one, rows in ((category, chosen), (alternate, ~chosen)):
                np.minimum(first[:, one], place, out=first[:, one], where=rows)
        most = votes == votes.max(axis=1, keepdims=True)
        value = np.array(self.labels)[np.argmin(np.where(most, first, len(self.pairs)), axis=1)]
        return Prediction(Column(value, faults), {PROBABILITY: votes / len(self.pairs)})
