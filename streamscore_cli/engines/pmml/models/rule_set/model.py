"""Rules held against rows, and the categories that win by them; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch, Computes
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, Flags, among, any_of, merged
from streamscore_cli.engines.pmml.values.prediction import CONFIDENCE, Matrix, Prediction

Places = NDArray[np.intp]


class Criterion(StrEnum):
    """Which of the rules that hold decides."""

    FIRST_HIT = "firstHit"
    WEIGHTED_SUM = "weightedSum"
    WEIGHTED_MAX = "weightedMax"


@dataclass(frozen=True, slots=True)
class Step:
    """A predicate that is asked where the step `parent` (-1: none) holds; `rule` says whether it decides."""

    predicate: Computes
    parent: int
    rule: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The steps in document order, and of their rules the places of the categories, the weights and confidences.

    `default`: the category where no rule holds, NaN for none.
    """

    steps: tuple[Step, ...]
    places: Places
    weights: Cells
    confidences: Cells
    criterion: Criterion
    labels: tuple[float, ...]
    default: float
    default_confidence: float

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; an invalid value fails its row in whichever rule it is met."""
        fired, faults = self._fired(batch)
        values = np.full(batch.length, self.default)
        entity = np.full(batch.length, math.nan)
        confidences = np.zeros((batch.length, len(self.labels)))
        confidences[:, self._is_default()] = self.default_confidence
        hit = any_of(fired) if len(fired) else np.zeros(batch.length, dtype=bool)
        if hit.any():
            chosen, shares = self._chosen(fired[:, hit])
            values[hit] = np.array(self.labels)[self.places[chosen]]
            entity[hit] = chosen
            confidences[hit] = shares
        return Prediction(Column(values, faults), {CONFIDENCE: confidences}, (entity,))

    def _is_default(self) -> Flags:
        same: Flags = np.array(self.labels) == self.default
        return same

    def _fired(self, batch: Batch) -> tuple[NDArray[np.bool_], Faults | None]:
        """Return which rules hold, shape (rules, rows)."""
        reached: list[Flags] = []
        faults: Faults | None = None
        everywhere = np.ones(batch.length, dtype=bool)
        for step in self.steps:
            asked = everywhere if step.parent < 0 else reached[step.parent]
            holds, found = step.predicate.evaluate(batch)
            faults = merged((faults, among(found, asked)))
            reached.append(asked & (holds == 1))
        fired = [held for held, step in zip(reached, self.steps, strict=True) if step.rule]
        return np.array(fired, dtype=bool).reshape(len(fired), batch.length), faults

    def _chosen(self, fired: NDArray[np.bool_]) -> tuple[Places, Matrix]:
        """Return the deciding rules and the confidences, for rows in which some rule holds."""
        weights = np.zeros(len(self.weights)) if self.criterion is Criterion.FIRST_HIT else self.weights
        weighed = np.where(fired, weights[:, None], -math.inf)
        best = np.zeros((len(self.labels), fired.shape[1]), dtype=np.intp)
        shares = np.zeros((fired.shape[1], len(self.labels)))
        for place in np.unique(self.places).tolist():
            own = np.where((self.places == place)[:, None], weighed, -math.inf)
            best[place] = np.argmax(own, axis=0)
            shares[:, place] = np.where(own.max(axis=0) > -math.inf, self.confidences[best[place]], 0.0)
        if self.criterion is not Criterion.WEIGHTED_SUM:
            return np.argmax(weighed, axis=0), shares
        sums = self._sums(fired)
        winner = self._heaviest(fired, sums)
        return best[winner, np.arange(len(winner))], (sums / fired.sum(axis=0)).T

    def _sums(self, fired: NDArray[np.bool_]) -> Matrix:
        """Return the sums of the weights by category, added in the order of the rules."""
        sums = np.zeros((len(self.labels), fired.shape[1]))
        for rule, place in enumerate(self.places.tolist()):
            sums[place] += np.where(fired[rule], self.weights[rule], 0.0)
        return sums

    def _heaviest(self, fired: NDArray[np.bool_], sums: Matrix) -> Places:
        """Return the category with the largest sum among those of the rules that hold; of several the first to hold."""
        first = np.full(sums.shape, len(self.places), dtype=np.intp)
        for rule in range(len(self.places) - 1, -1, -1):
            first[self.places[rule], fired[rule]] = rule
        most = np.where(first < len(self.places), sums, -math.inf)
        largest = most == np.maximum.reduce(most, axis=0)
        winner: Places = np.argmin(np.where(largest, first, len(self.places)), axis=0)
        return winner
