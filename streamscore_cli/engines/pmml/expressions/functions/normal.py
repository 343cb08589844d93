"""The normal distribution and the error function; their results are doubles whatever they are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, Types, common_number
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType

One = Callable[[float], float]
_STANDARD = NormalDist()
_ROOT = math.sqrt(2)
_FAR = 1e100


def _double(types: Types) -> DataType | None:
    return None if common_number(types) is None else DataType.DOUBLE


def _cumulative(z: float) -> float:
    return 0.5 * math.erfc(-z / _ROOT)


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) if abs(z) < _FAR else 0.0


def _inverse(p: float) -> float:
    if p in {0.0, 1.0}:
        return math.inf if p else -math.inf
    return _STANDARD.inv_cdf(p) if 0 < p < 1 else math.nan


def _each(values: Cells, compute: One) -> Cells:
    return np.array([math.nan if math.isnan(value) else compute(value) for value in values.tolist()])


def _standard(compute: One) -> Function:
    return Function(1, 1, _double, lambda a, _: _each(a[0], compute))


def _general(compute: One, *, inverse: bool = False, density: bool = False) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        del call
        x, mean, deviation = arguments
        deviation = np.where(deviation > 0, deviation, np.nan)
        if inverse:
            return mean + deviation * _each(x, compute)
        result = _each((x - mean) / deviation, compute)
        return result / deviation if density else result

    return Function(3, 3, _double, run)


FUNCTIONS: dict[str, Function] = {
    "erf": _standard(math.erf),
    "stdNormalCDF": _standard(_cumulative),
    "stdNormalPDF": _standard(_density),
    "stdNormalIDF": _standard(_inverse),
    "normalCDF": _general(_cumulative),
    "normalPDF": _general(_density, density=True),
    "normalIDF": _general(_inverse, inverse=True),
}
