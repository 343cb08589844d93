"""The built-in functions that are plain arithmetic and logic, of single values; what is missing is None."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable
from typing import Any

from tests.engines.pmml.reference.links import power
from tests.engines.pmml.reference.values import Fault, Value

Function = Callable[..., Value]


def _needing_all(compute: Function) -> Function:
    """Make a function fail its row where an argument is missing, or where it has no result."""

    def needing(*values: Any) -> Value:
        if any(value is None for value in values):
            raise Fault("a function cannot accept a missing value")
        return _valid(compute, *values)

    return needing


def _missing_of_missing(compute: Function) -> Function:
    """Make a function missing where an argument is."""

    def lenient(*values: Any) -> Value:
        return None if any(value is None for value in values) else _valid(compute, *values)

    return lenient


def _of_those_there(compute: Function) -> Function:
    """Make a function of the arguments that are there; missing where none is."""

    def some(*values: Any) -> Value:
        there = [value for value in values if value is not None]
        return _valid(compute, there) if there else None

    return some


def _valid(compute: Function, *values: Any) -> Value:
    try:
        result = compute(*values)
    except (ValueError, ZeroDivisionError) as error:
        raise Fault(f"no result: {error}") from error
    except OverflowError:
        return math.inf
    if isinstance(result, float) and math.isnan(result):
        raise Fault("the result is no number")
    if isinstance(result, int) and not isinstance(result, bool) and abs(result) > 2**31 - 1:
        raise Fault("the result is no 32-bit integer")
    return result


def _divide(a: float, b: float) -> float:
    if isinstance(a, int) and isinstance(b, int):
        return int(math.copysign(1, a) * math.copysign(1, b)) * (abs(a) // abs(b))
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def _product(values: list[float]) -> float:
    result = values[0]
    for value in values[1:]:
        result *= value
    return result


def _pow(a: float, b: float) -> float:
    result = power(float(a), float(b))
    return int(result) if isinstance(a, int) and isinstance(b, int) and math.isfinite(result) else result


def _round(x: float) -> int:
    return math.floor(x + 0.5)


def _modulo(a: float, b: float) -> float:
    return a - b * math.floor(a / b)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _whole(compute: Function) -> Function:
    """Make a function fail its row where an infinite number has no whole one."""

    def whole(x: float) -> Value:
        if math.isinf(x):
            raise Fault("an infinite number is not near a whole one")
        return compute(x)

    return whole


def _and(*values: Any) -> Value:
    return False if False in values else None if None in values else True


def _or(*values: Any) -> Value:
    return True if True in values else None if None in values else False


FUNCTIONS: dict[str, Function] = {
    "+": _missing_of_missing(operator.add),
    "-": _missing_of_missing(operator.sub),
    "*": _missing_of_missing(operator.mul),
    "/": _missing_of_missing(_divide),
    "min": _of_those_there(min),
    "max": _of_those_there(max),
    "sum": _of_those_there(sum),
    "avg": _of_those_there(lambda values: float(sum(values)) / len(values)),
    "median": _of_those_there(lambda values: float(statistics.median(values))),
    "product": _of_those_there(_product),
    "ln": _needing_all(_log),
    "log10": _needing_all(lambda x: math.log10(x) if x > 0 else _log(x)),
    "sqrt": _needing_all(math.sqrt),
    "abs": _needing_all(abs),
    "exp": _needing_all(math.exp),
    "pow": _needing_all(_pow),
    "threshold": _needing_all(lambda x, y: 1 if x > y else 0),
    "floor": _needing_all(_whole(math.floor)),
    "ceil": _needing_all(_whole(math.ceil)),
    "round": _needing_all(_whole(_round)),
    "modulo": _needing_all(_modulo),
    "sin": _needing_all(math.sin),
    "cos": _needing_all(math.cos),
    "atan": _needing_all(math.atan),
    "tanh": _needing_all(math.tanh),
    "isMissing": lambda x: x is None,
    "isNotMissing": lambda x: x is not None,
    "equal": _needing_all(operator.eq),
    "notEqual": _needing_all(operator.ne),
    "lessThan": _needing_all(operator.lt),
    "lessOrEqual": _needing_all(operator.le),
    "greaterThan": _needing_all(operator.gt),
    "greaterOrEqual": _needing_all(operator.ge),
    "and": _and,
    "or": _or,
    "not": _missing_of_missing(operator.not_),
    "isIn": lambda x, *members: x in members,
    "isNotIn": lambda x, *members: x not in members,
}
