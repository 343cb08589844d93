"""A network as arrays, and the activations of all its neurons for a batch; which of them answer is in model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.links import logit, simplemax, softmax
from streamscore_cli.engines.pmml.models.regression.table import met_before_missing
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Faults, Flags, any_of
from streamscore_cli.engines.pmml.values.prediction import Matrix

RADIAL_BASIS = "radialBasis"
THRESHOLD = "threshold"


def _elliott(values: Matrix) -> Matrix:
    return values / (1.0 + np.abs(values))


def _arctan(values: Matrix) -> Matrix:
    return 2.0 * np.arctan(values) / np.pi


def _identity(values: Matrix) -> Matrix:
    return values


def _tanh(values: Matrix) -> Matrix:
    return np.tanh(values)


def _exponential(values: Matrix) -> Matrix:
    return np.exp(values)


def _reciprocal(values: Matrix) -> Matrix:
    return 1.0 / values


def _square(values: Matrix) -> Matrix:
    return values * values


def _gauss(values: Matrix) -> Matrix:
    return np.exp(-(values * values))


def _sine(values: Matrix) -> Matrix:
    return np.sin(values)


def _cosine(values: Matrix) -> Matrix:
    return np.cos(values)


def _rectifier(values: Matrix) -> Matrix:
    return np.maximum(values, 0.0)


ACTIVATIONS: dict[str, Callable[[Matrix], Matrix]] = {
    "logistic": logit,
    "tanh": _tanh,
    "identity": _identity,
    "exponential": _exponential,
    "reciprocal": _reciprocal,
    "square": _square,
    "Gauss": _gauss,
    "sine": _sine,
    "cosine": _cosine,
    "Elliott": _elliott,
    "arctan": _arctan,
    "rectifier": _rectifier,
}


@dataclass(frozen=True, slots=True)
class Layer:
    """Neurons: `sources` and `weights` (connections, neurons) in the order of the document, filled up with source 0.

    Source 0 is always 0, source 1 is the first input. `shapes` (2, neurons): of radial basis neurons, what their
    exponent begins with, and what their squared distances are divided by.
    """

    sources: NDArray[np.intp]
    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    activation: str
    threshold: float
    normalization: str
    shapes: NDArray[np.float64]

    def evaluate(self, state: Matrix) -> Matrix:
        """Return (neurons, rows) for the state (sources, rows); connections are summed in order, the bias last."""
        total = np.zeros((len(self.biases), state.shape[1]))
        radial = self.activation == RADIAL_BASIS
        with np.errstate(all="ignore"):
            for sources, weights in zip(self.sources, self.weights, strict=True):
                if radial:
                    total += (weights[:, None] - state[sources]) ** 2
                else:
                    total += weights[:, None] * state[sources]
            return self._normalized(self._activated(total))

    def _activated(self, total: Matrix) -> Matrix:
        if self.activation == RADIAL_BASIS:
            radial: Matrix = np.exp(self.shapes[0][:, None] - total / self.shapes[1][:, None])
            return radial
        total += self.biases[:, None]
        if self.activation == THRESHOLD:
            return (total > self.threshold).astype(np.float64)
        return ACTIVATIONS[self.activation](total)

    def _normalized(self, values: Matrix) -> Matrix:
        if self.normalization == "softmax":
            return softmax(values.T, single=False).T
        if self.normalization == "simplemax":
            return simplemax(values.T, single=False).T
        return values


@dataclass(frozen=True, slots=True)
class Network:
    """Inputs by slot, then layers; a neuron may take from any layer before its own."""

    slots: tuple[int, ...]
    layers: tuple[Layer, ...]

    def evaluate(self, batch: Batch) -> tuple[Matrix, Flags, Faults | None]:
        """Return all activations (sources, rows), the rows in which an input is missing, and the faults."""
        columns = [batch.column(slot) for slot in self.slots]
        state = np.stack([np.zeros(batch.length), *(column.values for column in columns)])
        absent = any_of(np.isnan(state))
        for layer in self.layers:
            state = np.concatenate((state, layer.evaluate(state)))
        return state, absent, met_before_missing(columns)
