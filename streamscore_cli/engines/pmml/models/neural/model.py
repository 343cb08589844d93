"""What a network's output neurons answer: a number, or a category; how the neurons are computed is in network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.neural.network import Network
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Prediction


@dataclass(frozen=True, slots=True)
class Inverse:
    """From a neuron's value back to the target's, through the points of a NormContinuous; `open`: also beyond them."""

    origs: NDArray[np.float64]
    norms: NDArray[np.float64]
    open: bool

    def evaluate(self, values: Cells, batch: Batch) -> Column:
        """Return the target's values; a row beyond the points fails where they are not open."""
        last = len(self.norms) - 1
        piece = np.clip(np.searchsorted(self.norms, values, side="right") - 1, 0, last - 1)
        low, low_orig = self.norms[piece], self.origs[piece]
        span, rise = self.norms[piece + 1] - low, self.origs[piece + 1] - low_orig
        with np.errstate(all="ignore"):
            result = low_orig + (values - low) / span * rise
        faults: Faults | None = None
        if not self.open:
            beyond = (values < self.norms[0]) | (values > self.norms[last])
            faults = batch.faults(beyond, "the network's output is beyond its normalization")
        return Column(result, faults)


@dataclass(frozen=True, slots=True)
class NetworkRegression:
    """The value of the neuron at `source`."""

    network: Network
    source: int
    inverse: Inverse | None

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; none where an input is missing."""
        state, absent, faults = self.network.evaluate(batch)
        value = Column(np.where(absent, math.nan, state[self.source]))
        if self.inverse is not None:
            value = self.inverse.evaluate(value.values, batch)
        return Prediction(Column(value.values, merged((faults, value.faults))))


@dataclass(frozen=True, slots=True)
class NetworkClassification:
    """The category with the largest neuron; `sources` and `places` among the labels, in the order of the document.

    Of equals the first in that order wins, as in JPMML.
    """

    network: Network
    sources: tuple[int, ...]
    places: tuple[int, ...]
    labels: tuple[float, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row; none where an input is missing. The entity is the winner's neuron."""
        state, absent, faults = self.network.evaluate(batch)
        given = state[list(self.sources)]
        absent = absent | np.isnan(given).any(axis=0)
        best = np.argmax(np.where(absent, 0.0, given), axis=0)
        probabilities = np.zeros((batch.length, len(self.labels)))
        probabilities[:, list(self.places)] = given.T
        probabilities[absent] = math.nan
        value = np.where(absent, math.nan, np.array(self.labels)[np.array(self.places)[best]])
        entity = np.where(absent, math.nan, best)
        return Prediction(Column(value, faults), {PROBABILITY: probabilities}, (entity,))
