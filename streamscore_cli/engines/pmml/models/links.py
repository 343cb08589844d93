"""Link functions and normalizations: from linear predictors to probabilities, in 64 or 32 bits; formulas only."""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.prediction import Matrix

Link = Callable[[Matrix], Matrix]
_E_IN_SINGLE = 2.7182817


def logit(values: Matrix) -> Matrix:
    """Return 1 / (1 + exp(-y))."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-values))


def probit(values: Matrix) -> Matrix:
    """Return the standard normal distribution function."""
    return np.array([_normal(value) for value in values.ravel().tolist()]).reshape(values.shape)


def cloglog(values: Matrix) -> Matrix:
    """Return 1 - exp(-exp(y))."""
    with np.errstate(over="ignore"):
        return 1.0 - np.exp(-np.exp(values))


def loglog(values: Matrix) -> Matrix:
    """Return exp(-exp(-y))."""
    with np.errstate(over="ignore"):
        return np.exp(-np.exp(-values))


def cauchit(values: Matrix) -> Matrix:
    """Return 0.5 + arctan(y) / pi."""
    return 0.5 + np.arctan(values) / np.pi


def exp(values: Matrix) -> Matrix:
    """Return e to the power y."""
    with np.errstate(over="ignore"):
        return np.exp(values)


def exp_in_single(values: Matrix) -> Matrix:
    """Return e to the power y in 32 bits as JPMML calculates it: it raises 2.7182817, not e itself, to the power."""
    with np.errstate(over="ignore"):
        return rounded(np.power(_E_IN_SINGLE, values))


def identity(values: Matrix) -> Matrix:
    """Return y."""
    return values


LINKS: dict[str, Link] = {
    "none": identity,
    "logit": logit,
    "probit": probit,
    "cloglog": cloglog,
    "loglog": loglog,
    "cauchit": cauchit,
    "exp": exp,
}


def logc(values: Matrix) -> Matrix:
    """Return 1 - e to the power y."""
    return 1.0 - exp(values)


def negbin(values: Matrix, parameter: float) -> Matrix:
    """Return 1 / (c (exp(-y) - 1))."""
    with np.errstate(all="ignore"):
        return 1.0 / (parameter * (np.exp(-values) - 1.0))


def power(values: Matrix, parameter: float) -> Matrix:
    """Return y to the power 1/d, e to the power y for d = 0."""
    if parameter == 0.0:
        return exp(values)
    with np.errstate(all="ignore"):
        return np.power(values, 1.0 / parameter)


def oddspower(values: Matrix, parameter: float) -> Matrix:
    """Return 1 / (1 + (1 + d y) to the power -1/d), the logit for d = 0."""
    if parameter == 0.0:
        return logit(values)
    with np.errstate(all="ignore"):
        return 1.0 / (1.0 + np.power(1.0 + parameter * values, -1.0 / parameter))


_WITH_PARAMETER: dict[str, Callable[[Matrix, float], Matrix]] = {
    "negbin": negbin,
    "power": power,
    "oddspower": oddspower,
}
_GENERALIZED = {**LINKS, "identity": identity, "log": exp, "logc": logc}


def generalized(link: str, values: Matrix, parameter: float) -> Matrix:
    """Return the inverse of a link function of the generalized linear model; NaN stays NaN."""
    found = _WITH_PARAMETER.get(link)
    return _GENERALIZED[link](values) if found is None else found(values, parameter)


def softmax(values: Matrix, *, single: bool) -> Matrix:
    """Return exp(y) / sum(exp(y)) over the last axis, the largest subtracted first; summed in order."""
    fit = rounded if single else identity
    with np.errstate(invalid="ignore", over="ignore"):
        powers = (exp_in_single if single else np.exp)(fit(values - values.max(axis=-1, keepdims=True)))
        return fit(powers / _totals(powers, fit))


def simplemax(values: Matrix, *, single: bool) -> Matrix:
    """Return y / sum(y) over the last axis, summed in order."""
    fit = rounded if single else identity
    with np.errstate(invalid="ignore", divide="ignore"):
        return fit(values / _totals(values, fit))


def _totals(values: Matrix, fit: Link) -> NDArray[np.float64]:
    total = np.zeros(values.shape[:-1])
    for place in range(values.shape[-1]):
        total = fit(total + values[..., place])
    return total[..., None]


def _normal(value: float) -> float:
    return 0.5 * erfc(-value / sqrt(2.0))
