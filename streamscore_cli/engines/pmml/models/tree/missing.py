"""Trees with other ways of missing values: rows that they cannot score, confidences that are worth less by them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.tree.tree import Tests, Tree
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, merged
from streamscore_cli.engines.pmml.values.prediction import CONFIDENCE, Matrix, Prediction

_REASON = "a predicate of the tree is unknown, and the strategy for that is not supported: {}"


@dataclass(frozen=True, slots=True)
class Undecided:
    """A tree whose strategy for unknown predicates is not known: the rows that meet one fail, all others are scored.

    The node behind that of no prediction is where those rows end.
    """

    tests: Tests
    scores: Cells
    distributions: tuple[tuple[str, Matrix], ...]
    strategy: str

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        ends, faults = self.tests.walk(batch)
        none = len(self.scores) - 1
        undecided = batch.faults(ends > none, _REASON.format(self.strategy))
        nodes = np.minimum(ends, none)
        return Prediction(
            Column(self.scores[nodes], merged((faults, undecided))),
            {feature: matrix[nodes] for feature, matrix in self.distributions},
            (np.where(nodes == none, math.nan, nodes),),
        )


@dataclass(frozen=True, slots=True)
class Penalised:
    """A tree whose confidences are multiplied by `penalty` for each default child on a row's way.

    `defaults`: by test, whether its way for a missing value is a default child.
    """

    tree: Tree
    defaults: NDArray[np.bool_]
    penalty: float

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        prediction = self.tree.predict(batch)
        factor = self.penalty ** self.tree.tests.crossed(batch, self.defaults)
        shares = {**prediction.distributions, CONFIDENCE: prediction.distributions[CONFIDENCE] * factor[:, None]}
        return Prediction(prediction.value, shares, prediction.entities)
