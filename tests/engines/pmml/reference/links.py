"""Link functions and normalizations of one number or one list, with the standard library only."""

from __future__ import annotations

import math
from collections.abc import Callable


def exp(value: float) -> float:
    """Return e to the power, infinite where it is too large."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def logit(value: float) -> float:
    """Return 1 / (1 + exp(-y))."""
    return 1 / (1 + exp(-value))


LINKS: dict[str, Callable[[float], float]] = {
    "none": lambda y: y,
    "identity": lambda y: y,
    "logit": logit,
    "softmax": logit,
    "exp": exp,
    "log": exp,
    "logc": lambda y: 1 - exp(y),
    "probit": lambda y: math.erfc(-y / math.sqrt(2)) / 2,
    "cloglog": lambda y: 1 - exp(-exp(y)),
    "loglog": lambda y: exp(-exp(-y)),
    "cauchit": lambda y: 0.5 + math.atan(y) / math.pi,
}


def divide(above: float, below: float) -> float:
    """Return a quotient as IEEE 754 has it."""
    if below:
        return above / below
    if not above or math.isnan(above):
        return math.nan
    return math.copysign(math.inf, above) * math.copysign(1, below)


def simplemax(values: list[float]) -> list[float]:
    """Return each value's share of the sum."""
    total = 0.0
    for value in values:
        total += value
    return [divide(value, total) for value in values]


def softmax(values: list[float]) -> list[float]:
    """Return each power's share of their sum."""
    largest = max(values)
    return simplemax([exp(value - largest) for value in values])


def power(base: float, exponent: float) -> float:
    """Return a power as IEEE 754 has it."""
    try:
        result = base**exponent
    except OverflowError:
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf
    except ZeroDivisionError:
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf
    return math.nan if isinstance(result, complex) else float(result)
