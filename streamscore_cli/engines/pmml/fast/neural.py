"""Networks whose layers are dense, a layer's products all at once; what the activations mean is left to neural."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.fast.products import weighted_sums
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.models.neural.model import NetworkClassification, NetworkRegression
from streamscore_cli.engines.pmml.models.neural.network import ACTIVATIONS, RADIAL_BASIS, THRESHOLD, Layer, Network
from streamscore_cli.engines.pmml.values.batch import Batch, Predicts
from streamscore_cli.engines.pmml.values.column import Column
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction
from streamscore_cli.engines.pmml.values.sums import in_order

_CELLS_AT_ONCE = 50_000


def _logistic(values: Matrix) -> None:
    np.negative(values, out=values)
    np.exp(values, out=values)
    values += 1.0
    np.divide(1.0, values, out=values)


def _tanh(values: Matrix) -> None:
    np.tanh(values, out=values)


def _rectifier(values: Matrix) -> None:
    np.maximum(values, 0.0, out=values)


def _identity(values: Matrix) -> None:
    del values


_IN_PLACE: dict[str, Callable[[Matrix], None]] = {
    "logistic": _logistic,
    "tanh": _tanh,
    "rectifier": _rectifier,
    "identity": _identity,
}


def _softmax(values: Matrix) -> None:
    values -= values.max(axis=0)
    np.exp(values, out=values)
    values /= in_order(values)


@dataclass(frozen=True, slots=True)
class DenseLayer:
    """A layer whose neurons all take from the sources from `first` to `end`, in their order."""

    slow: Layer
    first: int
    end: int
    size: int
    biases: Matrix

    def run(self, state: Matrix, out: Matrix) -> None:
        """Write (neurons, rows) for the state (sources, rows); connections are summed in order, the bias last."""
        weighted_sums(self.slow.weights, state[self.first : self.end], out)
        out += self.biases
        activation = self.slow.activation
        if activation == THRESHOLD:
            out[...] = out > self.slow.threshold
        elif activation in _IN_PLACE:
            _IN_PLACE[activation](out)
        else:
            out[...] = ACTIVATIONS[activation](out)
        if self.slow.normalization == "softmax":
            _softmax(out)
        elif self.slow.normalization == "simplemax":
            out /= in_order(out)


@dataclass(frozen=True, slots=True)
class SparseLayer:
    """A layer of any other form."""

    slow: Layer
    size: int

    def run(self, state: Matrix, out: Matrix) -> None:
        """Write (neurons, rows) for the state (sources, rows)."""
        out[...] = self.slow.evaluate(state)


@dataclass(frozen=True, slots=True)
class PlainNetwork:
    """A network whose inputs are rows of the matrix of a plain batch; `size` counts its sources."""

    layers: tuple[DenseLayer | SparseLayer, ...]
    places: NDArray[np.intp]
    size: int

    def values(self, cells: Matrix, sources: slice | list[int]) -> Matrix:
        """Return (sources, rows) the activations of some neurons."""
        rows = cells.shape[1]
        step = max(64, _CELLS_AT_ONCE // self.size)
        if rows <= step:
            return self._state(cells)[sources]
        parts = [self._state(cells[:, first : first + step])[sources] for first in range(0, rows, step)]
        return np.concatenate(parts, axis=1)

    def _state(self, cells: Matrix) -> Matrix:
        state = np.empty((self.size, cells.shape[1]))
        state[0] = 0.0
        end = 1 + len(self.places)
        state[1:end] = cells.take(self.places, axis=0)
        for layer in self.layers:
            start, end = end, end + layer.size
            layer.run(state[:start], state[start:end])
        return state


@dataclass(frozen=True, slots=True)
class PlainClassification:
    """A classification by a network; `slow` answers where a neuron has no value."""

    slow: NetworkClassification
    network: PlainNetwork
    sources: slice | list[int]
    labels: NDArray[np.float64]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        if not isinstance(batch, PlainBatch):
            return self.slow.predict(batch)
        given = np.ascontiguousarray(self.network.values(batch.matrix, self.sources).T)
        if np.isnan(given).any():
            return self.slow.predict(batch)
        best = given.argmax(axis=1)
        probabilities = given
        if self.slow.places != tuple(range(len(self.slow.labels))):
            probabilities = np.zeros((batch.length, len(self.slow.labels)))
            probabilities[:, list(self.slow.places)] = given
        entity = best.astype(np.float64)
        return Prediction(Column(self.labels.take(best)), {PROBABILITY: probabilities}, (entity,))


@dataclass(frozen=True, slots=True)
class PlainRegression:
    """A regression by a network."""

    slow: NetworkRegression
    network: PlainNetwork

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        if not isinstance(batch, PlainBatch):
            return self.slow.predict(batch)
        values = self.network.values(batch.matrix, slice(self.slow.source, self.slow.source + 1))[0]
        return Prediction(Column(values) if self.slow.inverse is None else self.slow.inverse.evaluate(values, batch))


def fast_categories(model: NetworkClassification, site: Site) -> Predicts:
    """Return the model with a faster network where its inputs are rows of the matrix, else as it is."""
    network = _plain(model.network, site)
    if network is None:
        return model
    first = model.sources[0]
    run = model.sources == tuple(range(first, first + len(model.sources)))
    sources = slice(first, first + len(model.sources)) if run else list(model.sources)
    return PlainClassification(model, network, sources, np.array([model.labels[place] for place in model.places]))


def fast_number(model: NetworkRegression, site: Site) -> Predicts:
    """Return the model with a faster network where its inputs are rows of the matrix, else as it is."""
    network = _plain(model.network, site)
    return model if network is None else PlainRegression(model, network)


def _plain(network: Network, site: Site) -> PlainNetwork | None:
    if any(site.places[slot] < 0 for slot in network.slots):
        return None
    size = 1 + len(network.slots) + sum(len(layer.biases) for layer in network.layers)
    taken = np.array([site.places[slot] for slot in network.slots], dtype=np.intp)
    return PlainNetwork(tuple(map(_dense, network.layers)), taken, size)


def _dense(layer: Layer) -> DenseLayer | SparseLayer:
    first, size = int(layer.sources[0, 0]), len(layer.biases)
    expected = np.arange(first, first + len(layer.sources))[:, None]
    if layer.activation == RADIAL_BASIS or (layer.sources != expected).any():
        return SparseLayer(layer, size)
    return DenseLayer(layer, first, first + len(layer.sources), size, layer.biases[:, None])
