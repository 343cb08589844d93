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

from streamscore_cli.core.errors import ModelUnsupported
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


def simple_xml(field: str, test: str, value: object) -> str:
    return f'<SimplePredicate field="{field}" operator="{test}" value="{value}"/>'


NODES = (
    ("1", "<True/>", "a", 0.45, 0.27, 'defaultChild="3"', ("2", "3")),
    ("2", simple_xml("x", "lessOrEqual", 5), "a", 0.655, 0.164, 'defaultChild="5"', ("4", "5")),
    ("3", simple_xml("x", "greaterThan", 5), "c", 0.2, 0.1, 'defaultChild="6"', ("6", "7")),
    ("4", simple_xml("z", "lessThan", 2), "b", 0.265, 0.635, "", ()),
    ("5", simple_xml("z", "greaterOrEqual", 2), "a", 0.829, 0.047, "", ()),
    ("6", simple_xml("s", "equal", "u"), "c", 0.03, 0.06, "", ()),
    ("7", simple_xml("s", "equal", "w"), "a", 0.54, 0.18, "", ()),
)
"""Identifier, predicate, score, confidences of a and b, further attributes, children."""

STRATEGY_ROWS: dict[str, list[object]] = {
    "x": [1, 1, 9, 9, None, 1, 9, None, None],
    "z": [1, 3, 1, 1, 1, None, 1, None, 5],
    "s": ["u", "u", "u", "q", "u", "u", None, None, "w"],
}


def strategy_tree(attributes: str, confidence: str = "confidence", root: str = "<True/>") -> bytes:
    nodes = {one[0]: one for one in NODES}

    def xml(name: str) -> str:
        _, predicate, score, a, b, more, children = nodes[name]
        shares = "".join(
            f'<ScoreDistribution value="{label}" recordCount="5" {confidence}="{share}"/>'
            for label, share in (("a", a), ("b", b), ("c", 1 - a - b))
        )
        inner = "".join(map(xml, children))
        return f'<Node id="{name}" score="{score}" {more}>{root if name == "1" else predicate}{shares}{inner}</Node>'

    return document(
        [
            data_field("x"),
            data_field("z"),
            data_field("s", "string"),
            data_field("y", "string", inside=categories("a", "b", "c")),
        ],
        f'<TreeModel functionName="classification" splitCharacteristic="multiSplit" {attributes}>'
        f"{schema('x', 'z', 's', target='y')}"
        '<Output><OutputField name="ca" feature="confidence" value="a"/><OutputField name="id" feature="entityId"/>'
        f"</Output>{xml('1')}</TreeModel>",
    )


def test_each_default_child_costs_the_penalty_as_in_jpmml() -> None:
    """JPMML 1.7.7's answers to this document and these rows."""
    result = scored(strategy_tree('missingValueStrategy="defaultChild" missingValuePenalty="0.5"'), **STRATEGY_ROWS)
    assert result.value.tolist() == ["b", "a", "c", None, "c", "a", "c", "c", "a"]
    expected = [0.265, 0.829, 0.03, None, 0.015, 0.4145, 0.015, 0.0075, 0.27]
    for answer, wanted in zip(result.outputs["ca"].tolist(), expected, strict=True):
        assert (wanted is None and math.isnan(answer)) or answer == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("strategy", ["none", "lastPrediction", "nullPrediction"])
def test_other_strategies_cost_no_penalty_as_in_jpmml(strategy: str) -> None:
    plain = scored(strategy_tree(f'missingValueStrategy="{strategy}"'), **STRATEGY_ROWS)
    result = scored(strategy_tree(f'missingValueStrategy="{strategy}" missingValuePenalty="0.5"'), **STRATEGY_ROWS)
    assert result.outputs["ca"].tolist()[:3] == [0.265, 0.829, 0.03]
    np.testing.assert_array_equal(result.outputs["ca"], plain.outputs["ca"])


@pytest.mark.parametrize("strategy", ["weightedConfidence", "aggregateNodes"])
def test_a_row_that_an_unknown_strategy_would_decide_fails_alone(strategy: str) -> None:
    """JPMML 1.7.7 answers the same rows, and fails the same ones."""
    result = scored(strategy_tree(f'missingValueStrategy="{strategy}"'), **STRATEGY_ROWS)
    assert sorted(result.reasons) == [4, 5, 6, 7, 8]
    assert strategy in result.reasons[4]
    assert result.value.tolist()[:4] == ["b", "a", "c", None]
    assert result.outputs["id"].tolist()[:4] == ["4", "5", "6", None]


@pytest.mark.parametrize("strategy", ["defaultChild", "none", "aggregateNodes"])
def test_a_penalty_for_surrogates_is_refused_where_confidences_are_told(strategy: str) -> None:
    parts = f"{simple_xml('x', 'lessThan', 5)}<True/>"
    surrogate = f'<CompoundPredicate booleanOperator="surrogate">{parts}</CompoundPredicate>'
    attributes = f'missingValueStrategy="{strategy}" missingValuePenalty="0.5"'
    with pytest.raises(ModelUnsupported, match=r"<TreeModel> \(line 1\).*surrogates"):
        scored(strategy_tree(attributes, root=surrogate), **STRATEGY_ROWS)


GRAFTS = (
    '<Node id="0" score="50" defaultChild="1"><True/>'
    '<Node id="1"><SimplePredicate field="x" operator="lessThan" value="0"/><Regression functionName="regression"{}>'
    '<RegressionTable intercept="0.25"><NumericPredictor name="z" coefficient="2"/></RegressionTable></Regression>'
    "</Node>"
    '<Node id="2" score="7"><SimplePredicate field="x" operator="greaterThan" value="1.5"/>'
    '<Node id="3" score="8"><SimplePredicate field="x" operator="greaterThan" value="10"/></Node>'
    '<Regression functionName="regression"><RegressionTable intercept="0.5">'
    '<NumericPredictor name="z" coefficient="1"/></RegressionTable></Regression></Node></Node>'
)
GRAFT_ROWS: dict[str, list[object]] = {"x": [1, -1.5, None, 2, -3, -1, 11, 3], "z": [2, 0.5, 1, None, None, 9, None, 4]}


def grafted(attributes: str, regression: str = "") -> bytes:
    output = '<Output><OutputField name="n" feature="entityId" dataType="string"/></Output>'
    model = (
        f'<TreeModel functionName="regression" {attributes}>{schema("x", "z", target="y")}{output}'
        f"{GRAFTS.format(regression)}</TreeModel>"
    )
    return document([data_field("y"), data_field("x"), data_field("z")], model)


@pytest.mark.parametrize(
    ("attributes", "values", "nodes"),
    [
        ("", [None, 1.25, None, None, 18.25, 8.0, None], [None, "1", None, None, "1", "3", None]),
        (
            'noTrueChildStrategy="returnLastPrediction"',
            [50.0, 1.25, 50.0, 7.0, 18.25, 8.0, 4.5],
            ["0", "1", "0", "2", "1", "3", "2"],
        ),
        (
            'noTrueChildStrategy="returnLastPrediction" missingValueStrategy="defaultChild"',
            [50.0, 1.25, 2.25, 7.0, 18.25, 8.0, 4.5],
            ["0", "1", "1", "2", "1", "3", "2"],
        ),
    ],
)
def test_regressions_at_nodes_answer_as_in_jpmml(
    attributes: str, values: list[float | None], nodes: list[str | None]
) -> None:
    """The row whose node has neither a value of its regression nor a score fails, as in JPMML-Evaluator 1.7.7."""
    result = scored(grafted(attributes), **GRAFT_ROWS)
    assert set(result.reasons) == {4}
    assert [None if math.isnan(one) else one for one in np.delete(result.value, 4).tolist()] == values
    assert np.delete(result.outputs["n"], 4).tolist() == nodes


def test_a_regression_at_a_node_is_normalized_as_in_jpmml() -> None:
    result = scored(grafted("", ' normalizationMethod="logit"'), x=[-1.5, -1], z=[-1.625, -0.625])
    assert result.value.tolist() == pytest.approx([1 / (1 + math.exp(3)), 1 / (1 + math.exp(1))], rel=1e-12)


def test_a_regression_at_a_node_of_a_classification_is_refused() -> None:
    graft = '<Regression functionName="regression"><RegressionTable intercept="1"/></Regression>'
    model = (
        f'<TreeModel functionName="classification">{schema("x", target="y")}'
        f'<Node score="a"><True/>{graft}</Node></TreeModel>'
    )
    fields = [data_field("y", "string", inside=categories("a", "b")), data_field("x")]
    with pytest.raises(ModelUnsupported, match=r"<Regression> \(line 1\)"):
        scored(document(fields, model), x=[1.0])
