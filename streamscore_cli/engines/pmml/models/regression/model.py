"""Regressions and classifications by linear predictors, scored; how a document says them is in compile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.models.links import LINKS, exp_in_single, simplemax, softmax
from streamscore_cli.engines.pmml.models.regression.table import Table, met_before_missing
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column, any_of
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction

_BINARY = 2


@dataclass(frozen=True, slots=True)
class Regression:
    """One table, and the function its value goes through."""

    table: Table
    link: str

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        values, faults = self.table.evaluate(batch)
        return Prediction(Column(linked_in(self.link, values, single=self.table.single), faults))


@dataclass(frozen=True, slots=True)
class Classification:
    """One table a category, in the order of the document; `places` says where each is among the labels."""

    tables: tuple[Table, ...]
    normalization: str
    ordinal: bool
    labels: tuple[float, ...]
    places: tuple[int, ...]
    single: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        columns = [table.evaluate(batch) for table in self.tables]
        values = np.stack([column.values for column in columns], axis=1)
        shares = self._normalized(values)
        probabilities = np.zeros((batch.length, len(self.labels)))
        probabilities[:, list(self.places)] = shares
        probabilities[any_of(np.isnan(values) | np.isnan(shares), axis=1)] = math.nan
        value = most_probable(probabilities, self.labels, self.places)
        return Prediction(Column(value, met_before_missing(columns)), {PROBABILITY: probabilities})

    def _normalized(self, values: Matrix) -> Matrix:
        if self.normalization == "softmax":
            return softmax(values, single=self.single)
        if self.normalization == "simplemax":
            return simplemax(values, single=self.single)
        fit = rounded if self.single else np.asarray
        linked = linked_in(self.normalization, values, single=self.single)
        binary = values.shape[1] == _BINARY
        if self.normalization == "none" and (binary or self.ordinal):
            linked = np.where(np.isnan(linked), math.nan, np.clip(linked, 0.0, 1.0))
        if self.ordinal:
            return fit(np.diff(linked[:, :-1], axis=1, prepend=0.0, append=1.0))
        if binary:
            return np.stack([linked[:, 0], fit(1.0 - linked[:, 0])], axis=1)
        return _with_rest(linked, fit) if self.normalization == "none" else simplemax(linked, single=self.single)


def linked_in(normalization: str, values: Matrix, *, single: bool) -> Matrix:
    """Return the normalization of linear predictors; in 32 bits, each of the logit's steps is rounded."""
    if not single:
        return LINKS[normalization](values)
    if normalization == "logit":
        return rounded(1.0 / rounded(1.0 + exp_in_single(-values)))
    if normalization == "exp":
        return exp_in_single(values)
    return rounded(LINKS[normalization](values))


def _with_rest(values: Matrix, fit: Callable[[Matrix], Matrix]) -> Matrix:
    """Return the values with 1 less the sum of the others in place of the last."""
    total = np.zeros(len(values))
    for place in range(values.shape[1] - 1):
        total = fit(total + values[:, place])
    return np.concatenate((values[:, :-1], fit(1.0 - total)[:, None]), axis=1)


def most_probable(shares: Matrix, labels: tuple[float, ...], order: tuple[int, ...]) -> Cells:
    """Return for each row the label with the largest share, NaN where a share is missing.

    `order`: the places among the labels, as far as they can win; of equals the first wins, which is as in JPMML the
    one that the model names first.
    """
    absent = any_of(np.isnan(shares), axis=1)
    places = list(order)
    best = np.argmax(np.where(absent[:, None], 0.0, shares[:, places]), axis=1)
    return np.where(absent, math.nan, np.array(labels)[places][best])
