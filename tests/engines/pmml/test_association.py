"""Association rules against JPMML-Evaluator 1.7.7, which answered the expected values for these documents and rows."""

from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from tests.engines.pmml.documents import data_field, document, scored

NAMES = ("beer", "wine", "fish", "bread")
SETS = {"a": (1,), "b": (2,), "c": (3,), "d": (1, 3), "e": (4,), "n": ()}
RULES = (
    ("R1", "a", "b", 0.3, 0.7, 1.5),
    ("R2", "a", "c", 0.4, 0.6, 2.5),
    ("R3", "d", "e", 0.2, 0.9, 1.1),
    ("R4", "b", "a", 0.25, 0.7, 1.7),
    ("R5", "c", "d", 0.1, 0.5, 3.1),
)
BASKETS = (
    ("true", None, None, None),
    ("true", "false", "true", "false"),
    ("1", "1", "0", "0"),
    ("0", None, None, "1"),
    ("1", "1", "1", "1"),
    (None, None, None, None),
)
PLAIN_ITEMS = tuple(f'id="{place + 1}" value="{name}"' for place, name in enumerate(NAMES))
Rule = tuple[str, str, str, float, float, float]


def model(
    output: str,
    rules: tuple[Rule, ...] = RULES,
    items: tuple[str, ...] = PLAIN_ITEMS,
    kind: str = "string",
    usage: str = "active",
) -> bytes:
    members = {name: "".join(f'<ItemRef itemRef="{one}"/>' for one in refs) for name, refs in SETS.items()}
    itemsets = "".join(
        f'<Itemset id="{name}" numberOfItems="{len(SETS[name])}">{members[name]}</Itemset>' for name in SETS
    )
    lines = "".join(
        f'<AssociationRule {f"id={chr(34)}{name}{chr(34)}" if name else ""} antecedent="{left}" consequent="{right}"'
        f' support="{support}" confidence="{confidence}" lift="{lift}"/>'
        for name, left, right, support, confidence, lift in rules
    )
    fields = "".join(f'<MiningField name="{name}" usageType="{usage}"/>' for name in NAMES)
    return document(
        [data_field(name, kind, "categorical") for name in NAMES],
        '<AssociationModel functionName="associationRules" numberOfTransactions="10" numberOfItems="4"'
        ' minimumSupport="0.1" minimumConfidence="0.1" numberOfItemsets="6" numberOfRules="5">'
        f'<MiningSchema>{fields}</MiningSchema><Output><OutputField name="o" {output}/></Output>'
        f"{''.join(f'<Item {one}/>' for one in items)}{itemsets}{lines}</AssociationModel>",
    )


def answers(document_: bytes, baskets: tuple[tuple[object, ...], ...] = BASKETS) -> list[object]:
    columns = {name: [basket[place] for basket in baskets] for place, name in enumerate(NAMES)}
    result = scored(document_, **columns)
    return ["failed" if row in result.reasons else one for row, one in enumerate(result.outputs["o"].tolist())]


@pytest.mark.parametrize(
    ("algorithm", "basis", "rank", "expected"),
    [
        ("recommendation", "confidence", 1, ["R1", "R3", "R1", None, "R3", None]),
        ("recommendation", "confidence", 2, ["R2", "R1", "R4", None, "R1", None]),
        ("recommendation", "lift", 1, ["R2", "R5", "R2", None, "R5", None]),
        ("recommendation", "lift", 2, ["R1", "R2", "R4", None, "R2", None]),
        ("recommendation", "support", 2, ["R1", "R1", "R1", None, "R1", None]),
        ("exclusiveRecommendation", "confidence", 1, ["R1", "R3", "R2", None, None, None]),
        ("exclusiveRecommendation", "confidence", 2, ["R2", "R1", None, None, None, None]),
        ("exclusiveRecommendation", "support", 1, ["R2", "R1", "R2", None, None, None]),
        ("ruleAssociation", "confidence", 1, [None, "R2", "R1", None, "R3", None]),
        ("ruleAssociation", "lift", 2, [None, "R2", "R1", None, "R2", None]),
    ],
)
def test_rules_apply_by_their_items_and_are_ranked(
    algorithm: str, basis: str, rank: int, expected: list[object]
) -> None:
    asked = f'feature="ruleValue" ruleFeature="ruleId" algorithm="{algorithm}" rankBasis="{basis}" rank="{rank}"'
    assert answers(model(asked)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ('feature="ruleValue" ruleFeature="rule"', ["{beer}->{wine}", "{beer,fish}->{bread}", "{beer}->{fish}"]),
        ('feature="ruleId"', ["R1", "R3", "R2"]),
        ('feature="confidence"', [0.7, 0.9, 0.6]),
        ('feature="ruleValue" ruleFeature="support"', [0.3, 0.2, 0.4]),
        ('feature="ruleValue" ruleFeature="lift"', [1.5, 1.1, 2.5]),
        ('feature="entityId" rank="2"', ["R2", "R1", None]),
        ('feature="ruleId" rankOrder="ascending"', ["R2", "R1", "R2"]),
    ],
)
def test_an_output_tells_what_it_asks_of_the_rule(asked: str, expected: list[object]) -> None:
    assert answers(model(asked), BASKETS[:3]) == expected


def test_equal_rules_keep_their_order_whichever_way_they_are_sorted() -> None:
    rules = (("R1", "a", "b", 0.3, 0.7, 1.5), ("R2", "a", "c", 0.4, 0.7, 2.5), ("R3", "a", "e", 0.4, 0.5, 2.5))
    ascending = [
        answers(model(f'feature="ruleId" rankOrder="ascending" rank="{rank}"', rules), BASKETS[:1])
        for rank in (1, 2, 3)
    ]
    assert ascending == [["R3"], ["R1"], ["R2"]]
    assert answers(model('feature="ruleId"', rules), BASKETS[:1]) == ["R1"]


def test_a_rule_without_an_id_has_its_place_and_no_items_are_in_every_basket() -> None:
    rules = (*RULES[:3], ("", "b", "a", 0.25, 0.7, 1.7), RULES[4], ("R6", "n", "e", 0.5, 0.65, 1.0))
    asked = 'feature="ruleValue" ruleFeature="ruleId" algorithm="recommendation" rank="{}"'
    assert answers(model(asked.format(1), rules)) == ["R1", "R3", "R1", "R6", "R3", "R6"]
    assert answers(model(asked.format(2), rules)) == ["R6", "R1", "4", None, "R1", None]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("string", "T", "R3"),
        ("string", "TRUE", "R3"),
        ("string", "1.0", "R3"),
        ("string", "F", None),
        ("string", "0", None),
        ("string", "t", "failed"),
        ("string", "yes", "failed"),
        ("integer", 1, "R3"),
        ("integer", 0, None),
        ("integer", 2, "failed"),
        ("boolean", "true", "R3"),
        ("boolean", "T", "failed"),
    ],
)
def test_what_is_true_is_in_the_basket(kind: str, text: object, expected: str | None) -> None:
    rules = (("R3", "a", "e", 0.4, 0.5, 2.5),)
    assert answers(model('feature="ruleId"', rules, kind=kind), ((text, None, None, None),)) == [expected]


@pytest.mark.parametrize("form", ['value="{0}=yes" field="{0}" category="yes"', 'value="{0}=yes"'])
def test_an_item_may_be_a_field_with_a_category(form: str) -> None:
    items = tuple(f'id="{place + 1}" {form.format(name)}' for place, name in enumerate(NAMES))
    asked = 'feature="ruleValue" ruleFeature="ruleId" algorithm="recommendation"'
    baskets = (("yes", "no", "yes", None), ("yes", "yes", "no", "maybe"))
    assert answers(model(asked, items=items), baskets) == ["R3", "R1"]


@pytest.mark.parametrize(
    ("document_", "refusal"),
    [
        (model('feature="ruleId"', usage="group"), ModelUnsupported),
        (model('feature="ruleId" isMultiValued="1"'), ModelUnsupported),
        (model('feature="ruleValue"'), ModelUnsupported),
        (model('feature="ruleValue" ruleFeature="consequent"'), ModelUnsupported),
        (model('feature="ruleId" rank="0"'), ModelUnsupported),
        (model('feature="ruleId"', (("R", "zz", "a", 1, 1, 1),)), ModelRejected),
        (model('feature="ruleId"', items=(*PLAIN_ITEMS, 'id="5" value="zzz"')), ModelUnsupported),
        (model('feature="ruleId"', items=PLAIN_ITEMS[:2]), ModelRejected),
    ],
)
def test_what_is_not_sure_is_refused(document_: bytes, refusal: type[ModelRejected]) -> None:
    with pytest.raises(refusal, match=r"line 1"):
        scored(document_, beer=[None])
