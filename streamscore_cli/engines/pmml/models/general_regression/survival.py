"""Cox regressions: the cumulative hazard of a row at its time; how a document says the baseline is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.general_regression.predictor import Predictor
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, among, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction

EARLY = -1.0
"""In place of a hazard: before the first time there is none, whatever else a row has."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The cumulative hazard since each of these times, which ascend; `last` is the largest time it is known for."""

    times: NDArray[np.float64]
    hazards: NDArray[np.float64]
    last: float

    def at(self, times: Cells) -> Cells:
        """Return the hazards at these times: EARLY before the first, none after the last."""
        place = np.searchsorted(self.times, times, side="right") - 1
        found = np.where(place < 0, EARLY, self.hazards[np.maximum(place, 0)])
        known: Cells = np.where((times > self.last) | np.isnan(times), math.nan, found)
        return known


@dataclass(frozen=True, slots=True)
class Needed:
    """A field that a row must have."""

    slot: int
    name: str

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; rows without a value fail."""
        values, faults = batch.column(self.slot)
        absent = batch.faults(np.isnan(values), f"field {self.name!r} cannot accept a missing value")
        return Column(values, merged((faults, absent)))


@dataclass(frozen=True, slots=True)
class Survival:
    """The baseline's hazard at a row's time, times e to its predictor less that of the reference.

    `strata`: the cells of the field that says which of the baselines is a row's; without it there is one baseline.
    """

    predictor: Predictor
    reference: float
    time: Needed
    stratum: Needed | None
    strata: tuple[float, ...]
    baselines: tuple[Baseline, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; one of a stratum without a baseline has none."""
        hazard, faults = self._hazard(batch)
        asked = hazard >= 0.0
        values, more = self.predictor.evaluate(batch)
        with np.errstate(all="ignore"):
            value = np.where(hazard == EARLY, 0.0, hazard * np.exp(values - self.reference))
        return Prediction(Column(value, merged((faults, among(more, asked)))))

    def _hazard(self, batch: Batch) -> tuple[Cells, Faults | None]:
        times, late = self.time.evaluate(batch)
        if self.stratum is None:
            return self.baselines[0].at(times), late
        cells, faults = self.stratum.evaluate(batch)
        hazard: Cells = np.full(batch.length, math.nan)
        for cell, baseline in zip(self.strata, self.baselines, strict=True):
            hazard = np.where(cells == cell, baseline.at(times), hazard)
        return hazard, merged((faults, among(late, np.isin(cells, self.strata))))
