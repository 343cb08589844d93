"""General regressions and classifications, scored; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.models.general_regression.predictor import Predictor
from streamscore_cli.engines.pmml.models.links import generalized, softmax
from streamscore_cli.engines.pmml.models.regression.model import most_probable
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that is the same in every row, or a field's (slot not None)."""

    value: float
    slot: int | None = None
    name: str = ""

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; a row whose field is missing fails."""
        if self.slot is None:
            return Column(batch.constant(self.value))
        values, faults = batch.column(self.slot)
        absent = batch.faults(np.isnan(values), f"field {self.name!r} cannot accept a missing value")
        return Column(values, merged((faults, absent)))


@dataclass(frozen=True, slots=True)
class Linked:
    """A linear predictor, an offset, a link function, a number of trials."""

    predictor: Predictor
    link: str
    parameter: float
    offset: Amount | None
    trials: Amount | None

    def evaluate(self, batch: Batch) -> Column:
        """Return the mean of the target."""
        values, faults = self.predictor.evaluate(batch)
        known = ~np.isnan(values)
        if self.offset is not None:
            more, missing = self.offset.evaluate(batch)
            values, faults = values + more, merged((faults, _where(missing, known)))
        values = generalized(self.link, values, self.parameter)
        if self.trials is not None:
            more, missing = self.trials.evaluate(batch)
            values, faults = values * more, merged((faults, _where(missing, known)))
        return Column(values, faults)


@dataclass(frozen=True, slots=True)
class GeneralRegression:
    """A regression: its linear predictor through its link."""

    mean: Linked

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        return Prediction(self.mean.evaluate(batch))


@dataclass(frozen=True, slots=True)
class Binary:
    """Two categories: the mean is the probability of the one at `place` among the labels."""

    mean: Linked
    place: int
    labels: tuple[float, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        values, faults = self.mean.evaluate(batch)
        shares = [1.0 - values, 1.0 - values]
        shares[self.place] = values
        return _classified(np.stack(shares, axis=1), self.labels, (self.place, 1 - self.place), faults)


@dataclass(frozen=True, slots=True)
class Multinomial:
    """One linear predictor for each category at `places`, 0 for the reference category; softmax of all."""

    predictors: tuple[Predictor, ...]
    places: tuple[int, ...]
    labels: tuple[float, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        columns = [predictor.evaluate(batch) for predictor in self.predictors]
        values = np.zeros((batch.length, len(self.labels)))
        for place, column in zip(self.places, columns, strict=True):
            values[:, place] = column.values
        values[np.isnan(values).any(axis=1)] = math.nan
        reference = tuple(place for place in range(len(self.labels)) if place not in self.places)
        faults = merged(column.faults for column in columns)
        return _classified(softmax(values, single=False), self.labels, self.places + reference, faults)


@dataclass(frozen=True, slots=True)
class Ordinal:
    """Cumulative probabilities of all categories in order but the last, whose cumulative probability is 1."""

    cumulative: tuple[Linked, ...]
    labels: tuple[float, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        columns = [one.evaluate(batch) for one in self.cumulative]
        values = np.stack([column.values for column in columns], axis=1)
        shares: Matrix = np.diff(values, axis=1, prepend=0.0, append=1.0)
        shares[np.isnan(values).any(axis=1)] = math.nan
        order = tuple(range(len(self.labels)))
        return _classified(shares, self.labels, order, merged(column.faults for column in columns))


def _classified(shares: Matrix, labels: tuple[float, ...], order: tuple[int, ...], faults: Faults | None) -> Prediction:
    """Return the prediction; of equally probable categories the first in `order`, in which the reference is last."""
    value: Cells = most_probable(shares, labels, order)
    return Prediction(Column(value, faults), {PROBABILITY: shares})


def _where(faults: Faults | None, rows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Faults | None:
    return None if faults is None else np.where(rows, faults, np.int32(0))
