"""A tree with regressions at its nodes, as LightGBM's linear trees have them; where a row ends is the tree's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.regression.model import Regression
from streamscore_cli.engines.pmml.models.tree.tree import Tree
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, among, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction

_REASON = "the regression at its node has no value, and the node no score"


@dataclass(frozen=True, slots=True)
class Grafted:
    """A regression tree; `grafts` says by node which of the regressions answers there, -1 for none.

    Where the regression has no value the node's score answers, as in JPMML.
    """

    tree: Tree
    regressions: tuple[Regression, ...]
    grafts: NDArray[np.intp]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        prediction = self.tree.predict(batch)
        values, faults = prediction.value
        values = values.copy()
        ended = prediction.entities[0]
        grafts = np.where(np.isnan(ended), -1, self.grafts[np.nan_to_num(ended).astype(np.intp)])
        if faults is not None:
            grafts[faults != 0] = -1
        for place in np.unique(grafts[grafts >= 0]).tolist():
            here = grafts == place
            found, more = self.regressions[place].predict(batch).value
            values = np.where(here & ~np.isnan(found), found, values)
            faults = merged((faults, among(more, here)))
        absent = batch.faults((grafts >= 0) & np.isnan(values), _REASON)
        return Prediction(Column(values, merged((faults, absent))), entities=prediction.entities)
