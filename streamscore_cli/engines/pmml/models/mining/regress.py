"""Ensembles of regressions: average, sum, median, maximum; sums run in segment order, the division comes last."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.mining.segments import Missing, OnMissing, Segment, gather
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column, any_of
from streamscore_cli.engines.pmml.values.prediction import Prediction
from streamscore_cli.engines.pmml.values.sums import in_order


class Combine(StrEnum):
    """How the values of the segments become one."""

    AVERAGE = "average"
    WEIGHTED_AVERAGE = "weightedAverage"
    SUM = "sum"
    WEIGHTED_SUM = "weightedSum"
    MEDIAN = "median"
    WEIGHTED_MEDIAN = "weightedMedian"
    MAX = "max"


_SUMS = {Combine.SUM, Combine.WEIGHTED_SUM}
_WEIGHTED = {Combine.WEIGHTED_AVERAGE, Combine.WEIGHTED_SUM, Combine.WEIGHTED_MEDIAN}


@dataclass(frozen=True, slots=True)
class RegressionEnsemble:
    """Segments, all regressions."""

    segments: tuple[Segment, ...]
    combine: Combine
    on_missing: Missing
    single: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        found = gather(self.segments, batch, stops=self.on_missing.treatment is OnMissing.RETURN_MISSING)
        there = ~np.isnan(found.values)
        value = self._combined(found.values, there)
        if self.on_missing.treatment is OnMissing.SKIP:
            counted = found.active if self.combine in _SUMS else there  # a sum of nothing is 0, a mean is none
            gone = ~any_of(counted) | self.on_missing.too_many(found, self.segments)
        else:
            gone = found.lacking
        return Prediction(Column(np.where(gone, math.nan, value), found.faults))

    def _combined(self, values: NDArray[np.float64], there: NDArray[np.bool_]) -> Cells:
        fit = rounded if self.single else _same
        weights, values = np.array(self._weights())[:, None], fit(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            match self.combine:
                case Combine.MEDIAN:
                    return _median(values)
                case Combine.WEIGHTED_MEDIAN:
                    return _weighted_median(values, np.where(there, weights, 0.0))
                case Combine.MAX:
                    return _most(np.where(there, values, -math.inf))
                case Combine.SUM | Combine.WEIGHTED_SUM:
                    return self._total(np.where(there, values * weights, 0.0))
                case Combine.AVERAGE | Combine.WEIGHTED_AVERAGE:
                    total = self._total(np.where(there, values * weights, 0.0))
                    share = total / self._total(np.where(there, weights, 0.0))
                    return rounded(share) if self.single else share

    def _weights(self) -> tuple[float, ...]:
        return tuple(one.weight if self.combine in _WEIGHTED else 1.0 for one in self.segments)

    def _total(self, terms: NDArray[np.float64]) -> Cells:
        kind = np.float32 if self.single else np.float64
        total: Cells = in_order(np.ascontiguousarray(terms, dtype=kind)).astype(np.float64)
        return total


def _same(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values


def _median(values: NDArray[np.float64]) -> Cells:
    ordered = np.sort(values, axis=0)
    count = np.add.reduce(~np.isnan(values), axis=0)
    rows = np.arange(values.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, rows]
    high = ordered[np.minimum(count // 2, len(values) - 1), rows]
    median: Cells = np.where(count % 2 == 1, low, (low + high) / 2)
    return median


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Cells:
    order = np.argsort(values, axis=0, kind="stable")
    running = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    first = np.argmax(running >= running[-1] / 2, axis=0)
    found: Cells = np.take_along_axis(values, np.take_along_axis(order, first[None], axis=0), axis=0)[0]
    return found


def _most(values: NDArray[np.float64]) -> Cells:
    most: Cells = np.maximum.reduce(values, axis=0)
    return most
