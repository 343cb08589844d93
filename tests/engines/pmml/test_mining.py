"""Ensembles and chains: thresholds, conditions, targets and outputs against JPMML, and a slow row-by-row reading."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, column, data_field, document, schema, scored

FIELDS = [data_field("x"), data_field("y"), data_field("w")]
TARGETS = '<MiningField name="y" usageType="target"/>', '<MiningField name="w" usageType="target"/>'
BELOW_4 = '<SimplePredicate field="x" operator="lessThan" value="4"/>'
FROM_4 = '<SimplePredicate field="x" operator="greaterOrEqual" value="4"/>'
ROWS: dict[str, list[object]] = {"x": [1.0, 3.0, 5.0, None]}


def tree(score: float, cut: float, target: str = "", output: str = "") -> str:
    named = f'<Output><OutputField name="{output}" feature="predictedValue"/></Output>' if output else ""
    test = f'<SimplePredicate field="x" operator="lessOrEqual" value="{cut!r}"/>'
    return (
        f'<TreeModel functionName="regression">{schema("x", target=target)}{named}<Node><True/>'
        f'<Node score="{score!r}">{test}</Node></Node></TreeModel>'
    )


def vote(score: str, cut: float, **counts: int) -> str:
    shares = "".join(f'<ScoreDistribution value="{name}" recordCount="{count}"/>' for name, count in counts.items())
    return (
        f'<TreeModel functionName="classification">{schema("x", target="y")}<Node><True/><Node score="{score}">'
        f'<SimplePredicate field="x" operator="lessOrEqual" value="{cut!r}"/>{shares}</Node></Node></TreeModel>'
    )


def segment(place: int, model: str, weight: float = 1.0, predicate: str = "<True/>") -> str:
    return f'<Segment id="{place}" weight="{weight!r}">{predicate}{model}</Segment>'


def mining(
    method: str, segments: str, attributes: str = "", targets: str = TARGETS[0], function: str = "regression"
) -> str:
    return (
        f'<MiningModel functionName="{function}"><MiningSchema>{targets}<MiningField name="x"/></MiningSchema>'
        f'<Segmentation multipleModelMethod="{method}" {attributes}>{segments}</Segmentation></MiningModel>'
    )


THREE = segment(1, tree(1.0, 9), 2) + segment(2, tree(10.0, 2), 3) + segment(3, tree(4.0, 4), 1)
VOTES = (
    segment(1, vote("c", 9, c=3, a=1), 2)
    + segment(2, vote("b", 2, b=5, a=1), 3)
    + segment(3, vote("a", 4, a=2, b=1), 2)
)


@pytest.mark.parametrize(
    ("method", "threshold", "wanted"),
    [
        ("average", 1.0, [5.0, 2.5, 1.0, None]),
        ("average", 0.334, [5.0, None, None, None]),
        ("average", 0.5, [5.0, 2.5, None, None]),
        ("average", 0.67, [5.0, 2.5, 1.0, None]),
        ("sum", 0.5, [15.0, 5.0, None, None]),
        ("median", 0.66, [4.0, 2.5, None, None]),
        ("weightedAverage", 0.5, [6.0, 2.0, None, None]),
        ("weightedAverage", 0.67, [6.0, 2.0, 1.0, None]),
        ("weightedSum", 0.5, [36.0, 6.0, None, None]),
    ],
)
def test_too_many_skipped_segments_leave_no_answer_as_in_jpmml(
    method: str, threshold: float, wanted: list[float | None]
) -> None:
    attributes = f'missingPredictionTreatment="skipSegment" missingThreshold="{threshold}"'
    result = scored(document(FIELDS, mining(method, THREE, attributes)), **ROWS)
    np.testing.assert_array_equal(result.value, column(wanted))


@pytest.mark.parametrize(
    ("method", "threshold", "labels"),
    [
        ("average", 0.334, ["b", None, None]),
        ("average", 0.5, ["b", "a", None]),
        ("weightedMajorityVote", 0.334, ["b", None, None]),
        ("weightedMajorityVote", 1.0, ["b", "c", "c"]),
    ],
)
def test_too_many_skipped_votes_leave_no_answer(method: str, threshold: float, labels: list[str | None]) -> None:
    fields = [data_field("x"), data_field("y", "string", inside=categories("a", "b", "c"))]
    attributes = f'missingPredictionTreatment="skipSegment" missingThreshold="{threshold}"'
    data = document(fields, mining(method, VOTES, attributes, function="classification"))
    assert scored(data, x=[1.0, 3.0, 5.0]).value.tolist() == labels


def test_every_target_of_a_multi_model_chain_is_an_answer() -> None:
    segments = segment(1, tree(1.0, 9, "y", "oy")) + segment(2, tree(10.0, 4, "w", "ow"), 1, BELOW_4)
    result = scored(document(FIELDS, mining("x-multiModelChain", segments, targets="".join(TARGETS))), **ROWS)
    np.testing.assert_array_equal(result.value, [1.0, 1.0, 1.0, math.nan])
    np.testing.assert_array_equal(result.outputs["w"], [10.0, 10.0, math.nan, math.nan])
    np.testing.assert_array_equal(result.outputs["oy"], [1.0, 1.0, 1.0, math.nan])


def test_an_output_may_ask_for_another_target_of_the_chain() -> None:
    segments = segment(1, tree(1.0, 9, "y")) + segment(2, tree(10.0, 4, "w"))
    model = mining("x-multiModelChain", segments, targets="".join(TARGETS))
    output = '<Output><OutputField name="tw" feature="predictedValue" targetField="w"/></Output><Segmentation '
    result = scored(document(FIELDS, model.replace("<Segmentation ", output)), **ROWS)
    np.testing.assert_array_equal(result.outputs["tw"], [10.0, 10.0, math.nan, math.nan])


def test_a_chain_answers_with_its_last_active_segment() -> None:
    segments = (
        segment(1, tree(1.0, 9, output="f"))
        + segment(2, tree(10.0, 9, output="g"), 1, BELOW_4)
        + segment(3, tree(20.0, 9, output="g"), 1, FROM_4)
    )
    result = scored(document(FIELDS, mining("modelChain", segments)), x=[1.0, 3.0, 5.0])
    assert result.value.tolist() == [10.0, 10.0, 20.0]
    assert result.outputs["g"].tolist() == [10.0, 10.0, 20.0]
    ended = scored(
        document(
            FIELDS,
            mining(
                "modelChain",
                segment(1, tree(1.0, 9))
                + segments[segments.index('<Segment id="2"') : segments.index('<Segment id="3"')],
            ),
        ),
        x=[1.0, 5.0],
    )
    assert ended.value.tolist() == [10.0, 1.0]


def test_the_last_segment_says_which_target_a_chain_predicts() -> None:
    segments = segment(1, tree(1.0, 9, "w")) + segment(2, tree(10.0, 4, "y"))
    model = compile_pmml(document(FIELDS, mining("modelChain", segments, targets="".join(reversed(TARGETS)))))
    assert model.program.target == "y"


def test_the_first_active_segment_gives_its_own_outputs() -> None:
    segments = segment(1, tree(1.0, 9, output="in"), 1, BELOW_4) + segment(2, tree(10.0, 9, output="in"))
    result = scored(document(FIELDS, mining("selectFirst", segments)), x=[1.0, 5.0])
    assert result.value.tolist() == result.outputs["in"].tolist() == [1.0, 10.0]


def test_the_outputs_inside_an_average_are_no_answers() -> None:
    assert scored(document(FIELDS, mining("average", segment(1, tree(1.0, 9, output="in")))), x=[1.0]).outputs == {}


@pytest.mark.parametrize(
    "model",
    [
        mining("selectAll", THREE),
        mining("magic", THREE),
        mining("average", THREE, 'missingPredictionTreatment="skipSegment" missingThreshold="2"'),
        mining(
            "average",
            segment(1, tree(1.0, 9), 1, BELOW_4),
            'missingPredictionTreatment="skipSegment" missingThreshold="0.5"',
        ),
        mining("x-multiModelChain", segment(1, tree(1.0, 9, "y")) + segment(2, tree(1.0, 9, "y"))),
        mining("median", THREE).replace("<MiningModel ", '<MiningModel x-mathContext="float" '),
    ],
)
def test_what_is_not_surely_right_is_refused(model: str) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(document(FIELDS, model))


def combined(method: str, values: list[tuple[float, float]]) -> float:
    """Return what values and weights become, as the specification names it."""
    plain = [value for value, _ in values]
    if method == "sum":
        return sum(plain)
    if method == "average":
        return sum(plain) / len(plain)
    if method == "median":
        return median(plain)
    total = sum(value * weight for value, weight in values)
    return total if method == "weightedSum" else total / sum(weight for _, weight in values)


segments_of = st.lists(
    st.tuples(st.floats(-9, 9), st.sampled_from([0.0, 2.0, 4.0, 9.0]), st.sampled_from([0.5, 1.0, 3.0]), st.booleans()),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(
    parts=segments_of,
    method=st.sampled_from(["sum", "average", "median", "weightedSum", "weightedAverage"]),
    treatment=st.sampled_from(["continue", "skipSegment", "returnMissing"]),
    batch=st.lists(st.one_of(st.none(), st.sampled_from([-1.0, 1.0, 3.0, 5.0, 20.0])), min_size=1, max_size=6),
)
def test_an_ensemble_is_what_the_specification_says(
    parts: list[tuple[float, float, float, bool]], method: str, treatment: str, batch: list[float | None]
) -> None:
    xml = "".join(
        segment(place, tree(score, cut), weight, BELOW_4 if gated else "<True/>")
        for place, (score, cut, weight, gated) in enumerate(parts)
    )
    data = document(FIELDS, mining(method, xml, f'missingPredictionTreatment="{treatment}"'))
    wanted: list[float | None] = []
    for x in batch:
        active = [part for part in parts if not part[3] or (x is not None and x < 4)]
        given_ = [(part[0], part[2]) for part in active if x is not None and x <= part[1]]
        whole = len(given_) == len(active) or treatment == "skipSegment"
        empty = "um" in method and bool(active)  # a sum of nothing is 0, as JPMML has it
        wanted.append(combined(method, given_) if whole and (given_ or empty) else None)
    result = scored(data, x=batch)
    np.testing.assert_allclose(result.value, column(wanted), rtol=1e-12, atol=1e-12)
    assert result.reasons == {}


@pytest.mark.parametrize(
    ("method", "wanted"), [("sum", 0.0), ("weightedSum", 0.0), ("average", None), ("median", None)]
)
def test_the_sum_of_skipped_segments_is_zero_as_in_jpmml_and_their_mean_is_none(
    method: str, wanted: float | None
) -> None:
    data = document(FIELDS, mining(method, THREE, 'missingPredictionTreatment="skipSegment"'))
    value = scored(data, x=[20.0]).value.tolist()[0]
    assert (None if math.isnan(value) else value) == wanted


def test_the_sum_of_inactive_segments_is_missing_as_in_jpmml() -> None:
    segments = segment(1, tree(1.0, 9), 1, FROM_4)
    data = document(FIELDS, mining("sum", segments, 'missingPredictionTreatment="skipSegment"'))
    assert np.isnan(scored(data, x=[1.0, 20.0]).value).tolist() == [True, False]
