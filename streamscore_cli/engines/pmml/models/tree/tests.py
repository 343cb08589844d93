"""From predicates to tests: what becomes of a SimplePredicate, a set, a compound; the tree's shape is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compiler import Site
from streamscore_cli.engines.pmml.document.element import Element
from streamscore_cli.engines.pmml.models.tree.tree import AMONG, AT_MOST, EQUAL
from streamscore_cli.engines.pmml.predicates.predicate import Always, Member, Operator, Simple
from streamscore_cli.engines.pmml.values.batch import Computes
from streamscore_cli.engines.pmml.values.types import DataType

Outcome = bool | None
"""True, false, unknown."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test, and which truth value of the predicate each answer means."""

    kind: int
    slot: int
    operand: float
    yes: Outcome
    no: Outcome
    unknown: Outcome

    def opposes(self, other: Test) -> bool:
        """Tell whether the other test is true where this one is false, and unknown where it is."""
        same = (self.kind, self.slot, self.operand) == (other.kind, other.slot, other.operand)
        return same and self.yes is other.no and self.no is other.yes and self.unknown is other.unknown is None


@dataclass(slots=True)
class TestMaker:
    """Makes tests; numbers the sets of words and the columns of complex predicates it meets."""

    site: Site
    sets: dict[tuple[float, ...], int] = field(default_factory=dict)
    _columns: dict[tuple[str, ...], int] = field(default_factory=dict)

    def test(self, element: Element) -> Test:
        """Return the test that a predicate is."""
        predicate = self.site.compiler.predicate(element, self.site.scope)
        if isinstance(predicate, Always):
            return Test(AT_MOST, -1, 0.0, *([predicate.value == 1.0] * 3))
        if isinstance(predicate, Simple) and not predicate.order:
            return _simple(predicate)
        if isinstance(predicate, Member) and self._is_string(element):
            place = float(self.sets.setdefault(tuple(sorted(set(predicate.members))), len(self.sets)))
            return Test(AMONG, predicate.slot, place, predicate.inside, not predicate.inside, None)
        return Test(AT_MOST, self._column(element, predicate), 0.5, yes=False, no=True, unknown=None)

    def table(self) -> NDArray[np.bool_]:
        """Return the sets as rows of truth values by code; the last column is that of unseen words."""
        width = int(max((max(members, default=0.0) for members in self.sets), default=0.0)) + 2
        table = np.zeros((len(self.sets), width), dtype=bool)
        for members, place in self.sets.items():
            table[place, np.array(members, dtype=np.intp)] = True
        return table

    def _is_string(self, element: Element) -> bool:
        return self.site.scope.field(element.get("field") or "", element).type is DataType.STRING

    def _column(self, element: Element, predicate: Computes) -> int:
        key = tuple(_signature(element))
        if key not in self._columns:
            self._columns[key] = self.site.compiler.column(predicate)
        return self._columns[key]


def _signature(element: Element) -> list[str]:
    parts = [element.tag, *element.pairs, element.text, "("]
    for child in element.children:
        parts += _signature(child)
    return [*parts, ")"]


def _simple(predicate: Simple) -> Test:
    """Return `x <= t` for all that is an order: `x < t` is `x <= ` the number before t."""
    slot, value, below = predicate.slot, predicate.value, math.nextafter(predicate.value, -math.inf)
    least = value == -math.inf
    made = {
        Operator.LESS_OR_EQUAL: (AT_MOST, value, True, False, None),
        Operator.GREATER_THAN: (AT_MOST, value, False, True, None),
        Operator.LESS_THAN: (AT_MOST, below, not least, False, None),
        Operator.GREATER_OR_EQUAL: (AT_MOST, below, least, True, None),
        Operator.EQUAL: (EQUAL, value, True, False, None),
        Operator.NOT_EQUAL: (EQUAL, value, False, True, None),
        Operator.IS_MISSING: (AT_MOST, 0.0, False, False, True),
        Operator.IS_NOT_MISSING: (AT_MOST, 0.0, True, True, False),
    }
    kind, operand, yes, no, unknown = made[predicate.operator]
    return Test(kind, slot, operand, yes, no, unknown)
