"""Comparisons, set membership and boolean functions; `if` is in apply, because it fails lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, OnMissing, Types
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, conjunction, disjunction
from streamscore_cli.engines.pmml.values.types import DataType

Comparison = Callable[[Cells, Cells], NDArray[np.bool_]]


def _comparable(types: Types) -> DataType | None:
    numbers = all(kind.is_numeric for kind in types)
    return DataType.BOOLEAN if numbers or len(set(types)) == 1 else None


def _ordered(types: Types) -> DataType | None:
    return None if DataType.STRING in types else _comparable(types)


def _booleans(types: Types) -> DataType | None:
    return DataType.BOOLEAN if set(types) == {DataType.BOOLEAN} else None


def _any(types: Types) -> DataType:
    del types
    return DataType.BOOLEAN


def _comparison(compare: Comparison) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        return compare(arguments[0], _as_left(arguments[1], call.types, 1)).astype(np.float64)

    return Function(2, 2, _ordered, run, aligned=True)


def _equality(compare: Comparison) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        right = _as_left(arguments[1], call.types, 1)
        return np.where(_fraction(right, call.types), np.nan, compare(arguments[0], right).astype(np.float64))

    return Function(2, 2, _comparable, run, aligned=True)


def _as_left(right: Cells, types: Types, place: int) -> Cells:
    """Return cells as the first argument's type has them: a number beside a float is compared as a float."""
    return rounded(right) if types[0] is DataType.FLOAT and types[place] is DataType.DOUBLE else right


def _fraction(cells: Cells, types: Types) -> NDArray[np.bool_]:
    """Tell where a fraction should be equal to an integer, which has no answer."""
    if types[0] is not DataType.INTEGER:
        return np.zeros(len(cells), dtype=bool)
    fractions: NDArray[np.bool_] = ~np.isnan(cells) & (cells != np.floor(cells))
    return fractions


def _is_in(arguments: Sequence[Cells], call: Call) -> Cells:
    found = np.zeros(len(arguments[0]))
    for place, cells in enumerate(arguments[1:], start=1):
        candidate = _as_left(cells, call.types, place)
        same = np.where(_fraction(candidate, call.types), np.nan, (arguments[0] == candidate).astype(np.float64))
        found = np.where(found == 0, same, found)
    with_missing = np.isnan(np.stack(list(arguments[1:]))).any(axis=0)
    return np.where(np.isnan(arguments[0]), with_missing.astype(np.float64), found)


def _is_not_in(arguments: Sequence[Cells], call: Call) -> Cells:
    return 1.0 - _is_in(arguments, call)


def _missing(arguments: Sequence[Cells], call: Call) -> Cells:
    del call
    return np.isnan(arguments[0]).astype(np.float64)


def _present(arguments: Sequence[Cells], call: Call) -> Cells:
    return 1.0 - _missing(arguments, call)


def _never(arguments: Sequence[Cells], call: Call) -> Cells:
    """Return false: what is not refused and does not fail is missing or valid."""
    del call
    return np.zeros(len(arguments[0]))


FUNCTIONS: dict[str, Function] = {
    "equal": _equality(np.equal),
    "notEqual": _equality(np.not_equal),
    "lessThan": _comparison(np.less),
    "lessOrEqual": _comparison(np.less_equal),
    "greaterThan": _comparison(np.greater),
    "greaterOrEqual": _comparison(np.greater_equal),
    "isIn": Function(2, None, _comparable, _is_in, OnMissing.OWN, aligned=True),
    "isNotIn": Function(2, None, _comparable, _is_not_in, OnMissing.OWN, aligned=True),
    "isMissing": Function(1, 1, _any, _missing, OnMissing.OWN),
    "isNotMissing": Function(1, 1, _any, _present, OnMissing.OWN),
    "isValid": Function(1, 1, _any, _present, OnMissing.OWN),
    "isNotValid": Function(1, 1, _any, _never, OnMissing.OWN),
    "and": Function(2, None, _booleans, lambda a, _: conjunction(a)),
    "or": Function(2, None, _booleans, lambda a, _: disjunction(a)),
    "not": Function(1, 1, _booleans, lambda a, _: 1.0 - a[0]),
}
