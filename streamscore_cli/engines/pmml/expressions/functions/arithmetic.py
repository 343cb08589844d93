"""Arithmetic: + - * / and the functions of numbers; the results are those of Java's types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import (
    Call,
    Function,
    OnMissing,
    Types,
    common_number,
    fitted,
    real_number,
)
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType

_HALF = 0.5
Unary = Callable[[Cells], Cells]
Binary = Callable[[Cells, Cells], Cells]


def _binary(compute: Binary) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        return fitted(compute(arguments[0], arguments[1]), common_number(call.types))

    return Function(2, 2, common_number, run, OnMissing.MISSING)


def _unary(compute: Unary, result: Callable[[Types], DataType | None]) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        return fitted(compute(arguments[0]), result(call.types))

    return Function(1, 1, result, run)


def _real(compute: Unary) -> Function:
    return Function(1, 1, _double, lambda arguments, _: compute(arguments[0]))


def _double(types: Types) -> DataType | None:
    return None if common_number(types) is None else DataType.DOUBLE


def _fold(compute: Callable[[Cells], Cells], result: Callable[[Types], DataType | None] = common_number) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        stacked = np.stack(list(arguments))
        absent = np.isnan(stacked).all(axis=0)
        return fitted(np.where(absent, np.nan, compute(stacked)), result(call.types))

    return Function(1, None, result, run, OnMissing.OWN)


def _unsigned(values: Cells) -> Cells:
    """Return values in which zero has no sign, as in all of JPMML."""
    return values + 0.0


def _divide(arguments: Sequence[Cells], call: Call) -> Cells:
    kind = common_number(call.types)
    quotient = arguments[0] / _unsigned(arguments[1])
    if kind is DataType.INTEGER:
        return np.where(np.isfinite(quotient), np.trunc(quotient), np.nan)
    return fitted(quotient, kind)


def _modulo(left: Cells, right: Cells) -> Cells:
    return np.where(np.isinf(right) & np.isfinite(left), np.nan, left - np.floor(left / right) * right)


def _power(arguments: Sequence[Cells], call: Call) -> Cells:
    kind = common_number(call.types)
    result = np.power(_unsigned(arguments[0]), arguments[1])
    if kind is DataType.INTEGER:
        return np.where(arguments[1] < 0, np.nan, result)
    return fitted(result, kind)


def _threshold(arguments: Sequence[Cells], call: Call) -> Cells:
    del call
    return (arguments[0] > arguments[1]).astype(np.float64)


def _running_sum(stacked: Cells) -> Cells:
    total = np.zeros(stacked.shape[1])
    for row in stacked:
        total = total + np.where(np.isnan(row), 0.0, row)
    return total


def _average(stacked: Cells) -> Cells:
    """Return the means as JPMML's library makes them: each value moves the mean of those before it."""
    average, count = np.zeros(stacked.shape[1]), np.zeros(stacked.shape[1])
    for row in stacked:
        present = ~np.isnan(row)
        count += present
        average = np.where(present, average + (row - average) / count, average)
    return average


def _running_product(stacked: Cells) -> Cells:
    product: Cells = np.multiply.reduce(np.where(np.isnan(stacked), 1.0, stacked), axis=0)
    return product


def _least(stacked: Cells) -> Cells:
    least: Cells = np.minimum.reduce(np.where(np.isnan(stacked), np.inf, stacked), axis=0)
    return least


def _most(stacked: Cells) -> Cells:
    most: Cells = np.maximum.reduce(np.where(np.isnan(stacked), -np.inf, stacked), axis=0)
    return most


def _median(stacked: Cells) -> Cells:
    ordered = np.sort(stacked, axis=0)
    count = (~np.isnan(stacked)).sum(axis=0)
    columns = np.arange(stacked.shape[1])
    low, high = (
        ordered[np.maximum(0, (count - 1) // 2), columns],
        ordered[np.minimum(count // 2, len(stacked) - 1), columns],
    )
    median: Cells = (low + high) / 2
    return median


def _round(values: Cells) -> Cells:
    whole = np.floor(values)
    rounded: Cells = np.where(values - whole >= _HALF, whole + 1, whole)
    return rounded


def _as_integer(types: Types) -> DataType | None:
    return None if common_number(types) is None else DataType.INTEGER


FUNCTIONS: dict[str, Function] = {
    "+": _binary(np.add),
    "-": _binary(np.subtract),
    "*": _binary(np.multiply),
    "/": Function(2, 2, common_number, _divide, OnMissing.MISSING),
    "modulo": _binary(_modulo),
    "min": _fold(_least),
    "max": _fold(_most),
    "sum": _fold(_running_sum),
    "avg": _fold(_average, real_number),
    "median": _fold(_median, real_number),
    "product": _fold(_running_product),
    "log10": _real(np.log10),
    "ln": _real(np.log),
    "log1p": _real(np.log1p),
    "ln1p": _real(np.log1p),
    "exp": _real(np.exp),
    "expm1": _real(np.expm1),
    "sqrt": _real(np.sqrt),
    "hypot": Function(2, 2, _double, lambda a, _: np.hypot(a[0], a[1])),
    "abs": _unary(np.abs, common_number),
    "sin": _real(np.sin),
    "cos": _real(np.cos),
    "tan": _real(np.tan),
    "asin": _real(np.arcsin),
    "acos": _real(np.arccos),
    "atan": _real(np.arctan),
    "atan2": Function(2, 2, _double, lambda a, _: np.arctan2(_unsigned(a[0]), _unsigned(a[1]))),
    "sinh": _real(np.sinh),
    "cosh": _real(np.cosh),
    "tanh": _real(np.tanh),
    "pow": Function(2, 2, common_number, _power),
    "threshold": Function(2, 2, common_number, _threshold),
    "floor": _unary(np.floor, _as_integer),
    "ceil": _unary(np.ceil, _as_integer),
    "round": _unary(_round, _as_integer),
    "rint": _unary(np.rint, common_number),
}
