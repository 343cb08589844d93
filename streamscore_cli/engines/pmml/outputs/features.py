"""Columns taken from a prediction: the data behind the output features; which feature means which is said in output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.types import DataType


@dataclass(frozen=True, slots=True)
class PredictedCell:
    """The predicted value or category."""

    model: int
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; a 32-bit number is rounded, however it was calculated."""
        values, faults = batch.prediction(self.model).value
        return Column(rounded(values) if self.type is DataType.FLOAT else values, faults)


@dataclass(frozen=True, slots=True)
class DisplayOf:
    """The text that the predicted category is shown as."""

    model: int
    labels: tuple[float, ...]
    texts: tuple[float, ...]
    type: DataType = DataType.STRING

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.prediction(self.model).value
        return Column(taken(np.array(self.texts), places_of(values, self.labels)), faults)


@dataclass(frozen=True, slots=True)
class Distributed:
    """The probability (or confidence, or affinity) of one category."""

    model: int
    feature: str
    place: int
    type: DataType = DataType.DOUBLE

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        prediction = batch.prediction(self.model)
        return Column(prediction.distributions[self.feature][:, self.place], prediction.value.faults)


@dataclass(frozen=True, slots=True)
class AbsentOf:
    """The probability of what is no category of the model: zero, where the model gives probabilities at all."""

    model: int
    feature: str
    type: DataType = DataType.DOUBLE

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        prediction = batch.prediction(self.model)
        shares = prediction.distributions[self.feature]
        unknown = np.logical_and.reduce(np.isnan(shares), axis=1)
        return Column(np.where(unknown, math.nan, 0.0), prediction.value.faults)


@dataclass(frozen=True, slots=True)
class WinnerOf:
    """The probability (or confidence, or affinity) of the predicted category."""

    model: int
    feature: str
    labels: tuple[float, ...]
    type: DataType = DataType.DOUBLE

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        prediction = batch.prediction(self.model)
        values, faults = prediction.value
        places = places_of(values, self.labels)
        rows = np.arange(batch.length)
        found = prediction.distributions[self.feature][rows, np.maximum(places, 0)]
        return Column(np.where(places < 0, math.nan, found), faults)


@dataclass(frozen=True, slots=True)
class EntityOf:
    """The identifier of the row's entity: a tree's node, a cluster, a rule, a neighbour."""

    model: int
    rank: int
    codes: tuple[float, ...]
    type: DataType = DataType.STRING

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        prediction = batch.prediction(self.model)
        if self.rank >= len(prediction.entities):
            return Column(batch.constant(math.nan), prediction.value.faults)
        places = prediction.entities[self.rank]
        whole = np.where(np.isnan(places), -1, places).astype(np.intp)
        return Column(taken(np.array(self.codes), whole), prediction.value.faults)


@dataclass(frozen=True, slots=True)
class ExtraOf:
    """What only one kind of model has."""

    model: int
    name: str
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return batch.prediction(self.model).extras[self.name]


def places_of(values: Cells, labels: tuple[float, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return for each cell its place among `labels`, -1 where it is not there."""
    result = np.full(len(values), -1, dtype=np.intp)
    for place, label in enumerate(labels):
        result[values == label] = place
    return result


def taken(cells: Cells, places: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Cells:
    """Return the cells at `places`, NaN where a place is negative."""
    return np.where(places < 0, math.nan, cells[np.maximum(places, 0)])
