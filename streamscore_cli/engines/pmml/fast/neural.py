"""Networks whose layers are dense, a layer's products all at once; what the activations mean is left to neural."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.models.neural.model import NetworkClassification
from streamscore_cli.engines.pmml.models.neural.network import RADIAL_BASIS, Layer, Network
from streamscore_cli.engines.pmml.values.batch import Batch, Predicts
from streamscore_cli.engines.pmml.values.column import Column, Faults, Flags
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction
from streamscore_cli.engines.pmml.values.sums import in_order

_PRODUCTS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class DenseLayer(Layer):
    """A layer whose neurons all take from the sources from `first` on, in their order."""

    first: int
    factors: NDArray[np.float64]

    def evaluate(self, state: Matrix) -> Matrix:
        """Return (neurons, rows) for the state (sources, rows); connections are summed in order, the bias last."""
        given = state[self.first : self.first + len(self.factors)]
        step = max(1, _PRODUCTS_AT_ONCE // self.factors.size)
        rows = given.shape[1]
        with np.errstate(all="ignore"):
            if rows <= step:
                total = self._sums(given)
            else:
                parts = [self._sums(given[:, first : first + step]) for first in range(0, rows, step)]
                total = np.concatenate(parts, axis=1)
            if self.normalization == "softmax":
                return _softmax(self._activated(total))
            return self._normalized(self._activated(total))

    def _sums(self, given: Matrix) -> Matrix:
        terms = self.factors * given[:, None, :]
        terms[0] += 0.0
        total: Matrix = in_order(terms)
        return total


def _softmax(values: Matrix) -> Matrix:
    """Return what `links.softmax` returns for the transposed values, transposed."""
    powers: Matrix = np.exp(values - values.max(axis=0))
    powers /= in_order(powers)
    return powers


@dataclass(frozen=True, slots=True)
class PlainNetwork(Network):
    """A network whose inputs are rows of the matrix of a plain batch; `size` counts its sources."""

    places: NDArray[np.intp]
    size: int

    def evaluate(self, batch: Batch) -> tuple[Matrix, Flags, Faults | None]:
        """Return all activations (sources, rows), the rows in which an input is missing, and the faults."""
        if not isinstance(batch, PlainBatch):
            return Network.evaluate(self, batch)
        state = np.empty((self.size, batch.length))
        state[0] = 0.0
        end = 1 + len(self.places)
        state[1:end] = batch.matrix[self.places]
        for layer in self.layers:
            start, end = end, end + len(layer.biases)
            state[start:end] = layer.evaluate(state[:start])
        return state, np.zeros(batch.length, dtype=bool), None


@dataclass(frozen=True, slots=True)
class PlainClassification:
    """A classification by a network; `slow` answers where a neuron has no value."""

    slow: NetworkClassification
    labels: NDArray[np.float64]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        state, _, faults = self.slow.network.evaluate(batch)
        given = np.ascontiguousarray(state[list(self.slow.sources)].T)
        if faults is not None or np.isnan(given).any():
            return self.slow.predict(batch)
        best = given.argmax(axis=1)
        probabilities = given
        if len(self.slow.places) != len(self.slow.labels):
            probabilities = np.zeros((batch.length, len(self.slow.labels)))
            probabilities[:, list(self.slow.places)] = given
        entity = best.astype(np.float64)
        return Prediction(Column(self.labels.take(best)), {PROBABILITY: probabilities}, (entity,))


def fast_categories(model: NetworkClassification, places: tuple[int, ...]) -> Predicts:
    """Return the model with a faster network; where its inputs can be read at once, without asking what is missing."""
    faster = replace(model, network=fast_network(model.network, places))
    if not isinstance(faster.network, PlainNetwork):
        return faster
    return PlainClassification(faster, np.array([model.labels[place] for place in model.places]))


def fast_network(network: Network, places: tuple[int, ...]) -> Network:
    """Return the network with dense layers where they are, and its inputs read at once where that can be done."""
    layers = tuple(map(_dense, network.layers))
    if any(places[slot] < 0 for slot in network.slots):
        return Network(network.slots, layers)
    size = 1 + len(network.slots) + sum(len(layer.biases) for layer in layers)
    return PlainNetwork(network.slots, layers, np.array([places[slot] for slot in network.slots]), size)


def _dense(layer: Layer) -> Layer:
    first = int(layer.sources[0, 0])
    expected = np.arange(first, first + len(layer.sources))[:, None]
    if layer.activation == RADIAL_BASIS or (layer.sources != expected).any():
        return layer
    return DenseLayer(
        layer.sources,
        layer.weights,
        layer.biases,
        layer.activation,
        layer.threshold,
        layer.normalization,
        layer.shapes,
        first,
        layer.weights[:, :, None],
    )
