"""Comparisons, set membership and boolean functions; `if` is in apply, because it fails lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, OnMissing, Types
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


def _comparison(compare: Comparison, result: Callable[[Types], DataType | None] = _ordered) -> Function:
    def run(arguments: Sequence[Cells], call: Call) -> Cells:
        del call
        return compare(arguments[0], arguments[1]).astype(np.float64)

    return Function(2, 2, result, run)


def _is_in(arguments: Sequence[Cells], call: Call) -> Cells:
    del call
    found = np.zeros(len(arguments[0]), dtype=bool)
    for candidate in arguments[1:]:
        found |= arguments[0] == candidate
    return found.astype(np.float64)


def _is_not_in(arguments: Sequence[Cells], call: Call) -> Cells:
    return 1.0 - _is_in(arguments, call)


def _missing(arguments: Sequence[Cells], call: Call) -> Cells:
    del call
    return np.isnan(arguments[0]).astype(np.float64)


def _present(arguments: Sequence[Cells], call: Call) -> Cells:
    return 1.0 - _missing(arguments, call)


FUNCTIONS: dict[str, Function] = {
    "equal": _comparison(np.equal, _comparable),
    "notEqual": _comparison(np.not_equal, _comparable),
    "lessThan": _comparison(np.less),
    "lessOrEqual": _comparison(np.less_equal),
    "greaterThan": _comparison(np.greater),
    "greaterOrEqual": _comparison(np.greater_equal),
    "isIn": Function(2, None, _comparable, _is_in, OnMissing.OWN),
    "isNotIn": Function(2, None, _comparable, _is_not_in, OnMissing.OWN),
    "isMissing": Function(1, 1, _any, _missing, OnMissing.OWN),
    "isNotMissing": Function(1, 1, _any, _present, OnMissing.OWN),
    "and": Function(2, None, _booleans, lambda a, _: conjunction(a)),
    "or": Function(2, None, _booleans, lambda a, _: disjunction(a)),
    "not": Function(1, 1, _booleans, lambda a, _: 1.0 - a[0]),
}
