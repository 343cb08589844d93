"""Naive Bayes models, scored by sums of logarithms; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.links import softmax
from streamscore_cli.engines.pmml.models.regression.model import most_probable
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction

_LARGEST_COUNT = 1e305
_LOG_TAU = math.log(2 * math.pi)


class Evidence(Protocol):
    """Data that knows how likely a field's values are in each class."""

    def weigh(self, batch: Batch) -> tuple[Matrix, Faults | None]:
        """Return the logarithms of the likelihoods, shape (rows, classes), 0 where the field says nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """A field whose values were counted; `logs` has a row for each of `cells` and a last one of zeros."""

    slot: int
    cells: Cells
    logs: Matrix

    def weigh(self, batch: Batch) -> tuple[Matrix, Faults | None]:
        """Return the logarithms; a missing or uncounted value says nothing."""
        values, faults = batch.column(self.slot)
        nothing = len(self.cells)
        places = np.minimum(np.searchsorted(self.cells, values), nothing - 1)
        return self.logs[np.where(self.cells[places] == values, places, nothing)], faults


@dataclass(frozen=True, slots=True)
class Distributed:
    """A field with a distribution in each class: normal, or where `poisson` is set Poisson with the mean.

    `floor`: the logarithm of the threshold that no likelihood falls below; with `zeros` only one of zero is lifted.
    """

    slot: int
    means: Cells
    variances: Cells
    poisson: NDArray[np.bool_]
    floor: float
    zeros: bool = False

    def weigh(self, batch: Batch) -> tuple[Matrix, Faults | None]:
        """Return the logarithms; a missing value says nothing, a fraction has no Poisson probability."""
        values, faults = batch.column(self.slot)
        present = ~np.isnan(values)
        known = np.where(present, values, 0.0)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            spread = np.sqrt(self.variances)
            density = np.exp(-0.5 * ((known[:, None] - self.means) / spread) ** 2 - (np.log(spread) + 0.5 * _LOG_TAU))
            logs = np.log(density)  # and not the logarithm at once: JPMML rounds the density, which decides ties
        if self.poisson.any():
            logs[:, self.poisson] = self._poisson(known)
            broken = present & ~(known == np.floor(known))
            reason = "a value with a Poisson distribution must be a whole number"
            faults = merged((faults, batch.faults(broken, reason)))
        low = np.exp(logs) == 0.0 if self.zeros else logs < self.floor
        logs[low] = self.floor
        logs[~present] = 0.0
        return logs, faults

    def _poisson(self, values: Cells) -> Matrix:
        means = self.means[self.poisson]
        possible = (values >= 0) & (values < _LARGEST_COUNT)
        counts = np.where(possible, values, 0.0)
        unique, places = np.unique(counts, return_inverse=True)
        factorials = np.array([math.lgamma(count + 1.0) for count in unique.tolist()])[places]
        logs = counts[:, None] * np.log(means) - means - factorials[:, None]
        return np.where(possible[:, None], logs, -math.inf)


@dataclass(frozen=True, slots=True)
class NaiveBayes:
    """The evidence of all fields, the logarithms of the classes' counts, and where each class is among the labels."""

    evidence: tuple[Evidence, ...]
    priors: Cells
    labels: tuple[float, ...]
    places: tuple[int, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; it fails where no class is possible."""
        logs = np.zeros((batch.length, len(self.priors))) + self.priors
        faults: Faults | None = None
        for one in self.evidence:
            more, found = one.weigh(batch)
            logs += more
            faults = merged((faults, found))
        impossible = np.isneginf(logs.max(axis=1))
        faults = merged((faults, batch.faults(impossible, "no category of the naive Bayes model is possible")))
        logs[impossible] = 0.0
        probabilities = np.zeros((batch.length, len(self.labels)))
        probabilities[:, list(self.places)] = softmax(logs, single=False)
        probabilities[impossible] = math.nan
        return Prediction(
            Column(most_probable(probabilities, self.labels, self.places), faults), {PROBABILITY: probabilities}
        )
