"""Rule sets against a slow, obvious reading of the specification, row by row, and against what JPMML answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

CLASSES = ("a", "b", "c")
FIELDS = (data_field("y", "string", inside=categories(*CLASSES)), data_field("x"), data_field("z"))
OUTPUT = "".join(f'<OutputField name="conf_{one}" feature="confidence" value="{one}"/>' for one in CLASSES) + (
    '<OutputField name="conf" feature="confidence"/><OutputField name="entity" feature="entityId"/>'
)
DEFAULT = 'defaultScore="c" defaultConfidence="0.11"'


def simple(field: str, operator: str, value: float) -> str:
    return f'<SimplePredicate field="{field}" operator="{operator}" value="{value}"/>'


def rule(name: str, score: str, predicate: str, **numbers: float) -> str:
    given_numbers = " ".join(f'{key}="{value}"' for key, value in numbers.items())
    identifier = f'id="{name}"' if name else ""
    return f'<SimpleRule {identifier} score="{score}" {given_numbers}>{predicate}</SimpleRule>'


def compound(predicate: str, *rules: str) -> str:
    return f"<CompoundRule>{predicate}{''.join(rules)}</CompoundRule>"


def model(*rules: str, criterion: str = "firstHit", default: str = DEFAULT, output: str = OUTPUT) -> bytes:
    methods = "".join(f'<RuleSelectionMethod criterion="{one}"/>' for one in criterion.split())
    return document(
        FIELDS,
        f'<RuleSetModel functionName="classification">{schema("x", "z", target="y")}<Output>{output}</Output>'
        f"<RuleSet {default}>{methods}{''.join(rules)}</RuleSet></RuleSetModel>",
    )


RULES = (
    rule("r1", "a", simple("x", "greaterThan", 5), confidence=0.9, weight=0.8),
    rule("r2", "b", simple("x", "greaterThan", 3), confidence=0.6, weight=0.5),
    compound(
        simple("z", "greaterThan", 0),
        rule("r3", "a", simple("x", "lessThan", 4), confidence=0.3, weight=0.2),
        rule("r4", "c", simple("x", "lessThan", 10), confidence=0.7, weight=0.4),
    ),
    rule("r5", "b", simple("x", "lessOrEqual", 20), weight=0.6),
)
ROWS: dict[str, list[object]] = {"x": [6, 4, 3.5, 2, 2, 30, None, 2], "z": [1, 1, 1, 1, -1, -1, 1, None]}
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "firstHit": [
        ("a", 0.9, 0.6, 0.7, "r1"),
        ("b", 0.0, 0.6, 0.7, "r2"),
        ("b", 0.3, 0.6, 0.7, "r2"),
        ("a", 0.3, 1.0, 0.7, "r3"),
        ("b", 0.0, 1.0, 0.0, "r5"),
        ("a", 0.9, 0.6, 0.0, "r1"),
        ("c", 0.0, 0.0, 0.11, None),
        ("b", 0.0, 1.0, 0.0, "r5"),
    ],
    "weightedSum": [
        ("b", 0.2, 0.275, 0.1, "r5"),
        ("b", 0.0, 0.3666666666666667, 0.13333333333333333, "r5"),
        ("b", 0.05, 0.275, 0.1, "r5"),
        ("b", 0.06666666666666667, 0.19999999999999998, 0.13333333333333333, "r5"),
        ("b", 0.0, 0.6, 0.0, "r5"),
        ("a", 0.4, 0.25, 0.0, "r1"),
        ("c", 0.0, 0.0, 0.11, None),
        ("b", 0.0, 0.6, 0.0, "r5"),
    ],
    "weightedMax": [
        ("a", 0.9, 1.0, 0.7, "r1"),
        ("b", 0.0, 1.0, 0.7, "r5"),
        ("b", 0.3, 1.0, 0.7, "r5"),
        ("b", 0.3, 1.0, 0.7, "r5"),
        ("b", 0.0, 1.0, 0.0, "r5"),
        ("a", 0.9, 0.6, 0.0, "r1"),
        ("c", 0.0, 0.0, 0.11, None),
        ("b", 0.0, 1.0, 0.0, "r5"),
    ],
}


@pytest.mark.parametrize("criterion", ANSWERS)
def test_rules_decide_by_their_criterion(criterion: str) -> None:
    """JPMML 1.7.7 answers so, except to the first row by weightedMax.

    There it takes the more confident r5; the specification says the rule with the highest weight.
    """
    result = scored(model(*RULES, criterion=criterion), **ROWS)
    assert result.reasons == {}
    for row, (label, *confidences, entity) in enumerate(ANSWERS[criterion]):
        assert result.value[row] == label
        assert result.outputs["entity"][row] == entity
        found = [result.outputs[f"conf_{one}"][row] for one in CLASSES]
        np.testing.assert_allclose(found, confidences, rtol=1e-14)
        assert result.outputs["conf"][row] == found[CLASSES.index(label)]


def test_equal_sums_go_to_the_category_of_the_first_rule_that_holds() -> None:
    """JPMML 1.7.7's answers to these rules."""
    always, never = simple("x", "greaterThan", 1), simple("x", "lessThan", 1)
    rules = rule("r1", "b", always, weight=0.5), rule("r2", "a", always, weight=0.5)
    assert scored(model(*rules, criterion="weightedSum"), x=[2], z=[0]).value.tolist() == ["b"]
    assert scored(model(*rules, criterion="weightedMax"), x=[2], z=[0]).value.tolist() == ["b"]
    three = (
        rule("r0", "a", never, weight=0.5),
        rule("r1", "c", always, weight=1),
        rule("r2", "a", always, weight=2),
        rule("r3", "c", always, weight=1),
    )
    assert scored(model(*three, criterion="weightedSum"), x=[2], z=[0]).value.tolist() == ["c"]


def test_the_first_of_several_methods_counts_and_rules_without_id_are_numbered() -> None:
    rules = (
        rule("", "b", simple("x", "greaterThan", 1)),
        compound("<True/>", rule("", "a", simple("z", "greaterThan", 0))),
        rule("r", "c", simple("z", "lessThan", 0)),
    )
    result = scored(model(*rules, criterion="firstHit weightedSum"), x=[2, 0, 0], z=[1, 1, -1])
    assert result.value.tolist() == ["b", "a", "c"]
    assert result.outputs["entity"].tolist() == ["1", "2", "r"]


def test_without_a_default_there_is_no_prediction() -> None:
    result = scored(model(*RULES, default=""), x=[30.0], z=[-1.0])
    assert result.value.tolist() == ["a"]
    result = scored(model(*RULES, default=""), x=[None], z=[1.0])
    assert result.value.tolist() == [None]


def test_an_invalid_value_fails_its_row() -> None:
    rules = rule("r", "a", simple("z", "greaterThan", 1)), rule("q", "b", simple("x", "greaterThan", 1))
    result = scored(model(*rules), x=["q", "2"], z=["2", "0"])
    assert list(result.reasons) == [0]
    assert result.value[1] == "b"


def test_an_invalid_value_in_a_compound_that_does_not_hold_is_not_looked_at() -> None:
    inner = compound(simple("z", "greaterThan", 0), rule("r", "a", simple("x", "greaterThan", 1)))
    result = scored(model(inner, rule("q", "b", simple("z", "lessThan", 5))), x=["q", "q"], z=["2", "-1"])
    assert list(result.reasons) == [0]
    assert result.value[1] == "b"


def test_a_set_without_rules_answers_its_default() -> None:
    assert scored(model(output=""), x=[1.0], z=[1.0]).value.tolist() == ["c"]


@pytest.mark.parametrize(
    ("document_", "refusal"),
    [
        (model(*RULES, criterion="best"), ModelUnsupported),
        (model(*RULES, criterion=""), ModelRejected),
        (model(*RULES, output='<OutputField name="p" feature="probability" value="a"/>'), ModelUnsupported),
        (model(*RULES, output='<OutputField name="p" feature="ruleValue"/>'), ModelUnsupported),
        (model(rule("r", "a", "<True/>", weight=math.inf)), ModelRejected),
        (model(rule("r", "a", "")), ModelUnsupported),
        (model(*RULES).replace(b'"classification"', b'"regression"'), ModelUnsupported),
    ],
)
def test_what_is_not_sure_is_refused(document_: bytes, refusal: type[ModelRejected]) -> None:
    with pytest.raises(refusal, match="line 1"):
        scored(document_, x=[1.0], z=[1.0])


@dataclass(frozen=True)
class Rule:
    field: str
    above: float
    score: str
    weight: float
    confidence: float
    around: Rule | None

    def holds(self, row: dict[str, float | None]) -> bool:
        value = row[self.field]
        return value is not None and value > self.above and (self.around is None or self.around.holds(row))

    def xml(self, name: str) -> str:
        predicate = simple(self.field, "greaterThan", self.above)
        inner = rule(name, self.score, predicate, weight=self.weight, confidence=self.confidence)
        return (
            inner
            if self.around is None
            else compound(simple(self.around.field, "greaterThan", self.around.above), inner)
        )


def best(rules: list[Rule], criterion: str) -> tuple[str, float]:
    """Return the winner and its confidence as the specification says, for rules that fire; of several as JPMML does."""
    if criterion == "firstHit":
        return rules[0].score, rules[0].confidence
    if criterion == "weightedMax":
        heaviest = max(rules, key=lambda one: one.weight)
        return heaviest.score, heaviest.confidence
    sums = {one.score: sum(other.weight for other in rules if other.score == one.score) for one in rules}
    winner = max(sums, key=lambda one: sums[one])
    return winner, sums[winner] / len(rules)


numbers = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 2.0])
plain_rules = st.builds(
    Rule, st.sampled_from("xz"), numbers, st.sampled_from(CLASSES), numbers, st.floats(0, 1), st.none()
)
nested_rules = st.builds(
    Rule, st.sampled_from("xz"), numbers, st.sampled_from(CLASSES), numbers, st.floats(0, 1), plain_rules
)
values = st.one_of(st.none(), numbers, st.just(math.inf))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(plain_rules, nested_rules), min_size=1, max_size=6),
    st.sampled_from(["firstHit", "weightedSum", "weightedMax"]),
    st.lists(st.tuples(values, values), min_size=1, max_size=6),
)
def test_random_rules_decide_as_the_specification_says(
    rules: list[Rule], criterion: str, rows: list[tuple[float | None, float | None]]
) -> None:
    xml = [one.xml(f"r{place}") for place, one in enumerate(rules)]
    result = scored(model(*xml, criterion=criterion), x=[x for x, _ in rows], z=[z for _, z in rows])
    for row, (x, z) in enumerate(rows):
        fired = [one for one in rules if one.holds({"x": x, "z": z})]
        label, confidence = best(fired, criterion) if fired else ("c", 0.11)
        assert result.value[row] == label
        assert result.outputs["conf"][row] == pytest.approx(confidence, rel=1e-12)
