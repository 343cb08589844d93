"""A tree as arrays of tests, followed level by level for all rows at once; how the tests came about is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults
from streamscore_cli.engines.pmml.values.prediction import ORDER, Matrix, Prediction

Places = NDArray[np.int32]

AT_MOST, EQUAL, AMONG = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Tests:
    """Binary tests in chains: `x <= operand`, `x == operand` or `x in sets[operand]`, and where each answer leads.

    A target is the next test, or ~node where the walk ends at a node; the node behind the last one means no prediction.
    `unknown` is taken where x is missing. `slots[feature]` is the column of x.
    """

    slots: tuple[int, ...]
    start: int
    kind: NDArray[np.int8]
    feature: Places
    operand: Cells
    yes: Places
    no: Places
    unknown: Places
    sets: NDArray[np.bool_]

    def walk(self, batch: Batch) -> tuple[NDArray[np.intp], Faults | None]:
        """Return for every row the node where it ends, and the faults of the cells it met on its way."""
        state = np.full(batch.length, self.start, dtype=np.int32)
        if self.start < 0:
            return ~state.astype(np.intp), None
        columns = [batch.column(slot) for slot in self.slots]
        cells = np.stack([column.values for column in columns] or [np.zeros(batch.length)])
        faults = _stacked_faults(columns, batch.length)
        met = np.zeros(batch.length, dtype=np.int32)
        looks = (self.yes != self.no) | (self.yes != self.unknown)  # <True/> reads no cell, so that it meets no fault
        rows = np.arange(batch.length)
        while len(rows):
            tests = state[rows]
            if faults is not None:
                met[rows] = np.where(looks[tests], faults[self.feature[tests], rows], 0)
                rows = rows[met[rows] == 0]
                tests = state[rows]
            state[rows] = self._answers(tests, cells[self.feature[tests], rows])
            rows = rows[state[rows] >= 0]
        return ~np.minimum(state, -1).astype(np.intp), met if met.any() else None

    def crossed(self, batch: Batch, marked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return for every row how many of the marked tests on its way have no value to test."""
        count = np.zeros(batch.length, dtype=np.int32)
        state = np.full(batch.length, self.start, dtype=np.int32)
        cells = np.stack([batch.column(slot).values for slot in self.slots] or [np.zeros(batch.length)])
        rows = np.flatnonzero(state >= 0)
        while len(rows):
            tests = state[rows]
            values = cells[self.feature[tests], rows]
            count[rows] += marked[tests] & np.isnan(values)
            state[rows] = self._answers(tests, values)
            rows = rows[state[rows] >= 0]
        return count

    def _answers(self, tests: Places, cells: Cells) -> Places:
        operand = self.operand[tests]
        holds = cells <= operand
        if self.kind.any():
            kind = self.kind[tests]
            holds = np.where(kind == EQUAL, cells == operand, holds)
            if len(self.sets):
                holds = np.where(kind == AMONG, self._among(kind, operand, cells), holds)
        targets = np.where(holds, self.yes[tests], self.no[tests])
        missing = np.isnan(cells)
        return np.where(missing, self.unknown[tests], targets) if missing.any() else targets

    def _among(self, kind: NDArray[np.int8], operand: Cells, cells: Cells) -> NDArray[np.bool_]:
        place = np.where(kind == AMONG, operand, 0.0).astype(np.intp)
        last = self.sets.shape[1] - 1
        code = np.where(np.isnan(cells), last, np.clip(cells, 0, last)).astype(np.intp)
        return self.sets[place, code]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree with what its nodes say; the row behind the last node is that of no prediction.

    `distributions`: by feature, an array (nodes + 1, labels), NaN where a node says nothing. `orders`: likewise, where
    each label is in the node's own list (-1: nowhere); None if all nodes list all labels in their order.
    """

    tests: Tests
    scores: Cells
    distributions: tuple[tuple[str, Matrix], ...] = ()
    orders: NDArray[np.int16] | None = None

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        nodes, faults = self.tests.walk(batch)
        ended = np.where(nodes == len(self.scores) - 1, math.nan, nodes)
        distributions = {feature: matrix[nodes] for feature, matrix in self.distributions}
        if self.orders is not None:
            orders = self.orders[nodes]
            distributions[ORDER] = np.where(orders < 0, math.nan, orders)
        return Prediction(Column(self.scores[nodes], faults), distributions, (ended,))


def _stacked_faults(columns: list[Column], length: int) -> NDArray[np.int32] | None:
    if all(column.faults is None for column in columns):
        return None
    none = np.zeros(length, dtype=np.int32)
    return np.stack([none if column.faults is None else column.faults for column in columns])
