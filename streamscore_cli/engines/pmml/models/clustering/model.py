"""Clusters by their centers, scored; how a document says them is in compile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.models.distance import Comparison, Measure, distances, ranked, similarities
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, any_of, merged
from streamscore_cli.engines.pmml.values.prediction import AFFINITY, Matrix, Prediction

DISPLAY = "displayValue"


@dataclass(frozen=True, slots=True)
class Clustering:
    """Centers, and how a row is compared with them.

    `centers`: (clusters, fields); `importance`: what each field counts when others are missing; `identifiers` and
    `names`: codes, by cluster, a name NaN where it has none; `ranks`: how many affinities are told, nearest first.
    """

    slots: tuple[int, ...]
    measure: Measure
    fields: tuple[Comparison, ...]
    centers: Matrix
    importance: tuple[float, ...]
    identifiers: tuple[float, ...]
    names: tuple[float, ...]
    ranks: int = 1

    def predict(self, batch: Batch) -> Prediction:
        """Return for every row the nearest cluster; of several as near, the first."""
        columns = [batch.column(slot) for slot in self.slots]
        values = np.stack([column.values for column in columns], axis=1)
        shares = self._shares(values)
        undefined = batch.faults(any_of(np.isnan(shares), axis=1), "its distance from the clusters is undefined")
        faults = merged([*(column.faults for column in columns), undefined])
        order = np.argsort(-shares if self.measure.is_similarity else shares, axis=1, kind="stable")
        best = order[:, 0]
        return Prediction(
            Column(np.array(self.identifiers)[best], faults),
            {AFFINITY: shares},
            tuple(order.T.astype(np.float64)),
            {
                DISPLAY: Column(np.array(self.names)[best], faults),
                **ranked(np.take_along_axis(shares, order, axis=1), self.ranks, faults),
            },
        )

    def _shares(self, values: Matrix) -> Matrix:
        if self.measure.is_similarity:
            return similarities(self.measure, values, self.centers)
        return distances(self.measure, self.fields, values, self.centers, self.importance)
