"""Trees against a slow, obvious reading of the specification, one row and one node at a time."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.pmml.documents import categories, column, data_field, document, schema, scored

COLOURS = ("red", "green", "blue")
NUMBERS = (-1.0, 0.0, 0.5, 1.0, 2.5)
UNSEEN_IS_VALID = {"c": 'invalidValueTreatment="asIs"'}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "lessThan": operator.lt,
    "lessOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterOrEqual": operator.ge,
    "equal": operator.eq,
    "notEqual": operator.ne,
}


@dataclass(frozen=True)
class Predicate:
    xml: str

    def holds(self, row: dict[str, object]) -> bool | None:
        raise NotImplementedError


@dataclass(frozen=True)
class Simple(Predicate):
    field: str
    operator: str
    value: object

    def holds(self, row: dict[str, object]) -> bool | None:
        x = row[self.field]
        if self.operator in {"isMissing", "isNotMissing"}:
            return (x is None) is (self.operator == "isMissing")
        if x is None:
            return None
        return bool(COMPARE[self.operator](x, self.value))


@dataclass(frozen=True)
class InSet(Predicate):
    field: str
    members: tuple[str, ...]
    inside: bool

    def holds(self, row: dict[str, object]) -> bool | None:
        return None if row[self.field] is None else (row[self.field] in self.members) is self.inside


@dataclass(frozen=True)
class Compound(Predicate):
    joint: str
    parts: tuple[Predicate, ...]

    def holds(self, row: dict[str, object]) -> bool | None:
        values = [part.holds(row) for part in self.parts]
        if self.joint == "surrogate":
            return next((value for value in values if value is not None), None)
        if self.joint == "and":
            return False if False in values else None if None in values else True
        if self.joint == "or":
            return True if True in values else None if None in values else False
        return None if None in values else sum(map(bool, values)) % 2 == 1


@dataclass(frozen=True)
class Always(Predicate):
    def holds(self, row: dict[str, object]) -> bool | None:
        del row
        return self.xml == "<True/>"


@dataclass(frozen=True)
class Node:
    name: str
    predicate: Predicate
    score: float | None
    children: tuple[Node, ...]
    default: int

    def xml(self) -> str:
        score = "" if self.score is None else f' score="{self.score!r}"'
        default = f' defaultChild="{self.children[self.default].name}"' if self.children else ""
        inside = self.predicate.xml + "".join(child.xml() for child in self.children)
        return f'<Node id="{self.name}"{score}{default}>{inside}</Node>'


def simple(field: str, comparison: str, value: object) -> Predicate:
    text = "" if comparison in {"isMissing", "isNotMissing"} else f' value="{value}"'
    return Simple(f'<SimplePredicate field="{field}" operator="{comparison}"{text}/>', field, comparison, value)


def in_set(members: list[str], inside: bool) -> Predicate:
    joined = "isIn" if inside else "isNotIn"
    array = f'<Array type="string" n="{len(members)}">{" ".join(members)}</Array>'
    xml = f'<SimpleSetPredicate field="c" booleanOperator="{joined}">{array}</SimpleSetPredicate>'
    return InSet(xml, "c", tuple(members), inside)


def compound(joint: str, parts: list[Predicate]) -> Predicate:
    xml = f'<CompoundPredicate booleanOperator="{joint}">{"".join(part.xml for part in parts)}</CompoundPredicate>'
    return Compound(xml, joint, tuple(parts))


plain = st.one_of(
    st.builds(simple, st.sampled_from("xy"), st.sampled_from(sorted(COMPARE)), st.sampled_from(NUMBERS)),
    st.builds(simple, st.sampled_from("xyc"), st.sampled_from(["isMissing", "isNotMissing"]), st.none()),
    st.builds(simple, st.just("c"), st.sampled_from(["equal", "notEqual"]), st.sampled_from(COLOURS)),
    st.builds(in_set, st.lists(st.sampled_from(COLOURS), min_size=1, unique=True), st.booleans()),
    st.sampled_from([Always("<True/>"), Always("<False/>")]),
)
predicates = st.one_of(
    plain,
    plain,
    st.builds(compound, st.sampled_from(["and", "or", "xor", "surrogate"]), st.lists(plain, min_size=2, max_size=3)),
)


@st.composite
def nodes(draw: st.DrawFn, depth: int = 3, name: str = "n") -> Node:
    many = draw(st.integers(0, 3)) if depth else 0
    children = tuple(draw(nodes(depth - 1, f"{name}-{place}")) for place in range(many))
    score = draw(st.sampled_from([1.0, 2.0, 3.5])) if not many else draw(st.sampled_from([None, 7.0, 8.0]))
    return Node(name, draw(predicates), score, children, draw(st.integers(0, max(0, many - 1))))


def expected(node: Node, row: dict[str, object], strategy: str, keep_last: bool) -> float | None:
    """Return the score of a row, following the specification's text for the two strategies."""
    while node.children:
        found = None
        for child in node.children:
            value = child.predicate.holds(row)
            if value is None and strategy == "lastPrediction":
                return node.score
            if value is None and strategy == "nullPrediction":
                return None
            if value is None and strategy == "defaultChild":
                found = node.children[node.default]
                break
            if value:
                found = child
                break
        if found is None:
            return node.score if keep_last else None
        node = found
    return node.score


rows = st.fixed_dictionaries(
    {
        "x": st.sampled_from([*NUMBERS, math.nextafter(0.5, 1), -math.inf, math.inf, 1e300, None]),
        "y": st.one_of(st.none(), st.floats(-3, 3)),
        "c": st.sampled_from([*COLOURS, "unseen", None]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    root=nodes(),
    batch=st.lists(rows, min_size=1, max_size=12),
    strategy=st.sampled_from(["none", "lastPrediction", "nullPrediction", "defaultChild"]),
    keep_last=st.booleans(),
)
def test_a_tree_ends_where_the_specification_says(
    root: Node, batch: list[dict[str, object]], strategy: str, keep_last: bool
) -> None:
    last = "returnLastPrediction" if keep_last else "returnNullPrediction"
    model = (
        f'<TreeModel functionName="regression" missingValueStrategy="{strategy}" noTrueChildStrategy="{last}">'
        f"{schema('x', 'y', 'c', target='z', extra=UNSEEN_IS_VALID)}{root.xml()}</TreeModel>"
    )
    fields = [data_field(name) for name in "zxy"] + [data_field("c", "string", inside=categories(*COLOURS))]
    result = scored(document(fields, model), **{name: [row[name] for row in batch] for name in "xyc"})
    entered = [root.predicate.holds(row) is True for row in batch]
    wanted = [
        expected(root, row, strategy, keep_last) if inside else None for row, inside in zip(batch, entered, strict=True)
    ]
    np.testing.assert_array_equal(result.value, column(wanted))
    assert result.reasons == {}


FLOAT_TREE = (
    '<TreeModel functionName="regression">{schema}<Node score="0"><True/>'
    '<Node score="1"><SimplePredicate field="x" operator="lessOrEqual" value="0.3"/></Node>'
    '<Node score="2"><SimplePredicate field="x" operator="greaterThan" value="0.3"/></Node></Node></TreeModel>'
)


@pytest.mark.parametrize(("kind", "wanted"), [("float", [1.0, 1.0, 2.0]), ("double", [1.0, 2.0, 2.0])])
def test_a_field_of_type_float_and_its_threshold_are_rounded_to_32_bits(kind: str, wanted: list[float]) -> None:
    model = FLOAT_TREE.format(schema=schema("x", target="z"))
    data = document([data_field("z"), data_field("x", kind)], model)
    assert scored(data, x=[0.3, 0.3 + 1e-9, 0.3001]).value.tolist() == wanted


def test_an_invalid_value_fails_the_rows_that_look_at_it() -> None:
    interval = '<Interval closure="closedClosed" leftMargin="0" rightMargin="10"/>'
    model = (
        f'<TreeModel functionName="regression">{schema("x", "y", target="z")}<Node><True/>'
        '<Node score="1"><SimplePredicate field="x" operator="lessOrEqual" value="2"/></Node>'
        '<Node score="2"><SimplePredicate field="y" operator="lessOrEqual" value="5"/></Node></Node></TreeModel>'
    )
    data = document([data_field("z"), data_field("x"), data_field("y", inside=interval)], model)
    result = scored(data, x=[1.0, 3.0, 3.0], y=[30.0, 30.0, 3.0])
    assert result.value[[0, 2]].tolist() == [1.0, 2.0]
    assert result.reasons == {1: "field 'y' cannot accept the invalid value 30.0"}
