"""Derived columns of plain rows, all that are made the same way at once; how each is made is said by expressions.

Standardizing eleven fields is one subtraction and one division of a matrix; what is not made of numbers, one by one, is
no business of this module.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.expressions.apply import Applied
from streamscore_cli.engines.pmml.expressions.continuous import Beyond, Norm
from streamscore_cli.engines.pmml.expressions.functions.function import Call
from streamscore_cli.engines.pmml.expressions.functions.table import FUNCTIONS
from streamscore_cli.engines.pmml.expressions.plain import Constant, FieldValue, Indicator, OrElse
from streamscore_cli.engines.pmml.fields.derived import Converted
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.types import DataType
from streamscore_cli.engines.pmml.values.words import BatchWords, Dictionary

_ELEMENTWISE = {"+", "-", "*", "/", "exp", "ln", "log10", "ln1p", "log1p", "expm1", "sqrt", "abs", "tanh"}
_REAL = {DataType.DOUBLE, DataType.FLOAT}
_NUMBERS = _REAL | {DataType.INTEGER}
_TWO_POINTS = 2

Key = tuple[Any, ...]
"""A kind, what is special about it, and the keys of what it is made of."""

_FIELD: Key = ("field", None)
_CONSTANT: Key = ("constant", None)
_SINGLE: Key = ("single", None, _FIELD)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one column is made: `key` has the operations, `fields` and `constants` what they are done to, in order.

    `level` is above those of the derived columns among the fields.
    """

    key: Key
    fields: tuple[int, ...]
    constants: tuple[float, ...]
    level: int


@dataclass(frozen=True, slots=True)
class Group:
    """Columns with one key: by occurrence in it, the fields and constants of all of them."""

    key: Key
    fields: tuple[NDArray[np.intp], ...]
    constants: tuple[Matrix, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Derivation:
    """The derived columns, to be put behind the rows of the matrix, of which there are `inputs`."""

    inputs: int
    groups: tuple[Group, ...]

    def __len__(self) -> int:
        """Return the number of derived columns."""
        return sum(group.count for group in self.groups)

    @property
    def keeps_gaps(self) -> bool:
        """Tell whether missing cells go through as missing, and nothing else does."""
        return all(group.key == _SINGLE for group in self.groups)

    def extended(self, matrix: Matrix) -> Matrix:
        """Return the matrix with the derived rows; what is not finite there is to be computed another way."""
        if not self.groups:
            return matrix
        extended = np.empty((self.inputs + len(self), matrix.shape[1]))
        extended[: self.inputs] = matrix
        end = self.inputs
        for group in self.groups:
            start, end = end, end + group.count
            extended[start:end] = _computed(group.key, iter(group.fields), iter(group.constants), extended[:start])
        return extended


def _computed(key: Key, fields: Iterator[NDArray[np.intp]], constants: Iterator[Matrix], cells: Matrix) -> Matrix:
    if key is _FIELD:
        taken: Matrix = cells.take(next(fields), axis=0)
        return taken
    if key is _CONSTANT:
        return next(constants)
    kind, special, *parts = key
    inside = [_computed(one, fields, constants, cells) for one in parts]
    if kind == "single":
        return rounded(inside[0])
    if kind == "equal":
        return np.equal(inside[0], next(constants)).astype(np.float64)
    if kind == "norm":
        return _normalized(inside[0], [next(constants) for _ in range(6)], extreme=special is Beyond.AS_EXTREME)
    return FUNCTIONS[kind].compute(inside, Call(special, _NO_BATCH))


def _normalized(values: Matrix, points: list[Matrix], *, extreme: bool) -> Matrix:
    low, high, span, low_norm, high_norm, rise = points
    result = low_norm + ((values - low) / span) * rise
    if extreme:
        result = np.where(values < low, low_norm, result)
        result = np.where(values > high, high_norm, result)
    return result


_NO_BATCH = Batch(0, {}, (), (), BatchWords(Dictionary(())))


class Planner:
    """Plans columns one after the other; `places` (by column) is what of them is known so far, and what it adds to."""

    def __init__(self, places: list[int], inputs: int) -> None:
        """Start with the inputs' places."""
        self._places = places
        self._inputs = inputs
        self._plans: list[Plan] = []

    def add(self, slot: int, column: object) -> None:
        """Give a column a place, if it can be planned."""
        made = self._planned(column)
        if made is not None and made.fields and made.key is not _FIELD:
            self._places[slot] = self._inputs + len(self._plans)
            self._plans.append(made)

    def derivation(self) -> Derivation:
        """Return what has been planned, and number the columns as it does."""
        first: dict[tuple[int, Key], int] = {}
        for number, plan in enumerate(self._plans):
            first.setdefault((plan.level, plan.key), number)
        order = sorted(
            range(len(self._plans)),
            key=lambda one: (self._plans[one].level, first[self._plans[one].level, self._plans[one].key], one),
        )
        moved = list(range(self._inputs)) + [0] * len(order)
        for place, number in enumerate(order):
            moved[self._inputs + number] = self._inputs + place
        self._places[:] = [moved[place] if place >= 0 else place for place in self._places]
        groups: dict[tuple[int, Key], list[Plan]] = {}
        for number in order:
            groups.setdefault((self._plans[number].level, self._plans[number].key), []).append(self._plans[number])
        return Derivation(self._inputs, tuple(_group(plans, moved) for plans in groups.values()))

    def _planned(self, column: object) -> Plan | None:
        if isinstance(column, Constant):
            plain = column.type in _NUMBERS and math.isfinite(column.value)
            return Plan(_CONSTANT, (), (column.value,), 0) if plain else None
        if isinstance(column, Applied):
            return self._applied(column)
        if isinstance(column, Converted):
            return self._converted(column)
        return self._planned(column.expression) if isinstance(column, OrElse) else self._of_field(column)

    def _of_field(self, column: object) -> Plan | None:
        if isinstance(column, FieldValue):
            return self._field(column.slot) if column.type in _NUMBERS else None
        if isinstance(column, Indicator):
            return _around("equal", None, [self._field(column.slot)], (column.value,))
        return self._norm(column) if isinstance(column, Norm) else None

    def _field(self, slot: int) -> Plan | None:
        place = self._places[slot]
        if place < 0:
            return None
        level = self._plans[place - self._inputs].level if place >= self._inputs else 0
        return Plan(_FIELD, (place,), (), level + 1)

    def _applied(self, column: Applied) -> Plan | None:
        if column.function not in _ELEMENTWISE or column.type not in _REAL:
            return None
        inside = [self._planned(argument) for argument in column.arguments]
        return _around(column.function, (column.type,) * len(inside), inside)

    def _converted(self, column: Converted) -> Plan | None:
        if column.expression.type not in _NUMBERS or column.type not in _REAL:
            return None
        inside = self._planned(column.expression)
        return inside if column.type is DataType.DOUBLE else _around("single", None, [inside])

    def _norm(self, column: Norm) -> Plan | None:
        if len(column.origs) != _TWO_POINTS or column.beyond is Beyond.AS_MISSING:
            return None
        (low, high), (low_norm, high_norm) = column.origs.tolist(), column.norms.tolist()
        points = (low, high, high - low, low_norm, high_norm, high_norm - low_norm)
        return _around("norm", column.beyond, [self._field(column.slot)], points)


def _around(kind: str, special: object, inside: list[Plan | None], constants: tuple[float, ...] = ()) -> Plan | None:
    plans = [one for one in inside if one is not None]
    if len(plans) != len(inside):
        return None
    return Plan(
        (kind, special, *(one.key for one in plans)),
        tuple(place for one in plans for place in one.fields),
        tuple(value for one in plans for value in one.constants) + constants,
        max((one.level for one in plans), default=0),
    )


def _group(plans: list[Plan], moved: list[int]) -> Group:
    fields = np.array([[moved[place] for place in plan.fields] for plan in plans], dtype=np.intp)
    constants = np.array([plan.constants for plan in plans], dtype=np.float64).reshape(len(plans), -1)
    return Group(
        plans[0].key,
        tuple(np.ascontiguousarray(column) for column in fields.T),
        tuple(np.ascontiguousarray(column)[:, None] for column in constants.T),
        len(plans),
    )
