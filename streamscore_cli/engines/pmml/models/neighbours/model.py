"""Nearest neighbours, found and asked; how a document says them is in compile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.distance import Comparison, Measure, distances, ranked
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged
from streamscore_cli.engines.pmml.values.prediction import Matrix, Prediction

Places = NDArray[np.intp]
_CELLS_AT_ONCE = 50_000


class Average(StrEnum):
    """How neighbours make a number."""

    PLAIN = "average"
    MEDIAN = "median"
    WEIGHTED = "weightedAverage"


@dataclass(frozen=True, slots=True)
class Instances:
    """Training records as points, how a row is compared with them, and how many of the nearest are told."""

    slots: tuple[int, ...]
    measure: Measure
    fields: tuple[Comparison, ...]
    points: Matrix
    told: int

    def nearest(self, batch: Batch) -> tuple[Places, Matrix, Faults | None]:
        """Return the nearest points and their distances, (rows, told); of equally near ones the first come first."""
        columns = [batch.column(slot) for slot in self.slots]
        values = np.stack([column.values for column in columns], axis=1)
        step = max(1, _CELLS_AT_ONCE // len(self.points))
        places = np.zeros((batch.length, self.told), dtype=np.intp)
        apart = np.zeros((batch.length, self.told))
        importance = (1.0,) * len(self.slots)
        for start in range(0, batch.length, step):
            some = slice(start, start + step)
            found = distances(self.measure, self.fields, values[some], self.points, importance)
            places[some] = _smallest(found, self.told)
            apart[some] = np.take_along_axis(found, places[some], axis=1)
        undefined = batch.faults(np.isnan(apart[:, 0]), "its distance from the training records is undefined")
        return places, apart, merged([*(column.faults for column in columns), undefined])

    def affinities(self, apart: Matrix, faults: Faults | None) -> dict[str, Column]:
        """Return the distances of the second nearest point and those behind it, as far as they are told."""
        return ranked(apart, self.told, faults)


@dataclass(frozen=True, slots=True)
class Averaged:
    """A number out of those of the nearest `count` points; `threshold` is added to their distances."""

    instances: Instances
    answers: Cells
    count: int
    method: Average
    threshold: float

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        places, apart, faults = self.instances.nearest(batch)
        answers = self.answers[places[:, : self.count]]
        value = Column(self._value(answers, apart), faults)
        return Prediction(value, entities=_entities(places), extras=self.instances.affinities(apart, faults))

    def _value(self, answers: Matrix, apart: Matrix) -> Cells:
        if self.method is Average.MEDIAN:
            middle: Cells = np.median(answers, axis=1)
            return middle
        total, weights = np.zeros(len(answers)), np.zeros(len(answers))
        for rank in range(self.count):
            weight = _weight(apart[:, rank], self.threshold) if self.method is Average.WEIGHTED else 1.0
            total += weight * answers[:, rank]
            weights += weight
        return total / weights


@dataclass(frozen=True, slots=True)
class Voted:
    """A category out of those of the nearest `count` points; `answers` are places among the labels.

    `preferred`: all places, those that win a tied vote first.
    """

    instances: Instances
    answers: Places
    count: int
    weighted: bool
    threshold: float
    labels: tuple[float, ...]
    preferred: Places

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        places, apart, faults = self.instances.nearest(batch)
        votes = np.full((batch.length, len(self.labels)), -1.0)  # what no neighbour has loses to what weighs nothing
        rows = np.arange(batch.length)
        for rank in range(self.count):
            weight = _weight(apart[:, rank], self.threshold) if self.weighted else 1.0
            given = self.answers[places[:, rank]]
            votes[rows, given] = np.maximum(votes[rows, given], 0.0) + weight
        winner = self.preferred[np.argmax(votes[:, self.preferred], axis=1)]
        value = Column(np.array(self.labels)[winner], faults)
        return Prediction(value, entities=_entities(places), extras=self.instances.affinities(apart, faults))


@dataclass(frozen=True, slots=True)
class Told:
    """The neighbours alone, of a model that predicts nothing."""

    instances: Instances

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; its value is missing."""
        places, apart, faults = self.instances.nearest(batch)
        value = Column(batch.constant(np.nan), faults)
        return Prediction(value, entities=_entities(places), extras=self.instances.affinities(apart, faults))


def _smallest(found: Matrix, count: int) -> Places:
    """Return the places of the smallest cells of each row in order, of equal ones the first first; NaN is largest.

    What is larger than a row's last is dropped before the rest is sorted.
    """
    found = np.where(np.isnan(found), np.inf, found)
    last = np.partition(found, count - 1, axis=1)[:, count - 1]
    rows, places = np.nonzero(found <= last[:, None])
    order = np.lexsort((found[rows, places], rows))
    starts = np.searchsorted(rows, np.arange(len(found)))
    chosen: Places = places[order][starts[:, None] + np.arange(count)]
    return chosen


def _weight(apart: Cells, threshold: float) -> Cells:
    return 1.0 / (apart + threshold)


def _entities(places: Places) -> tuple[Cells, ...]:
    return tuple(places.T.astype(np.float64))
