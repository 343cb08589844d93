"""Kernels between rows and vectors; sums run in document order, so that they are the same for one row and for many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.sums import in_order

_FEW_CELLS = 65_536
"""Up to so many (field, vector, row) triples are computed at once, more of them field by field."""


class Kind(StrEnum):
    """The kernels, by the tag of their element."""

    LINEAR = "LinearKernelType"
    POLYNOMIAL = "PolynomialKernelType"
    RADIAL = "RadialBasisKernelType"
    SIGMOID = "SigmoidKernelType"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel and its constants, as far as its kind has them."""

    kind: Kind
    gamma: float
    shift: float
    degree: float

    def evaluate(self, rows: Matrix, vectors: Matrix) -> Matrix:
        """Return the kernel of every vector, (fields, vectors), and row, (fields, rows), shape (vectors, rows)."""
        with np.errstate(all="ignore"):
            if self.kind is Kind.RADIAL:
                return np.exp(-self.gamma * _summed(_squared_distance, rows, vectors))
            products = _summed(np.multiply, rows, vectors)
            if self.kind is Kind.LINEAR:
                return products
            shifted = self.gamma * products + self.shift
            if self.kind is Kind.SIGMOID:
                return np.tanh(shifted)
            return shifted if self.degree == 1.0 else np.power(shifted, self.degree)


def _squared_distance(first: Matrix, second: Matrix) -> Matrix:
    apart = np.subtract(first, second)
    return np.multiply(apart, apart, out=apart)


def _summed(term: Callable[[Matrix, Matrix], Matrix], rows: Matrix, vectors: Matrix) -> Matrix:
    """Return the sum over the fields of a term of every vector and row."""
    fields, height, width = len(vectors), vectors.shape[1], rows.shape[1]
    if fields * height * width <= _FEW_CELLS:
        terms = term(vectors[:, :, None], rows[:, None, :])
        return in_order(terms.reshape(fields, height * width)).reshape(height, width)
    total = np.zeros((height, width))
    for place in range(fields):
        total += term(vectors[place][:, None], rows[place][None, :])
    return total
