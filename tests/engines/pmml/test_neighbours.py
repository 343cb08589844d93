"""Nearest neighbours against a slow search, row by row, and against what JPMML answers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

FIELDS = (
    data_field("y"),
    data_field("s", "string", inside=categories("b", "a")),
    data_field("x"),
    data_field("z"),
    data_field("g", "string"),
)
Record = tuple[str, float, float, str, float, str]
RECORDS: tuple[Record, ...] = (
    ("i1", 0, 0, "M", 1.0, "a"),
    ("i2", 1, 0, "F", 2.0, "b"),
    ("i3", 0, 2, "M", 4.0, "a"),
    ("i4", 3, 3, "F", 8.0, "b"),
    ("i5", 5, 5, "M", 16.0, "b"),
)
COLUMNS = ("id", "x", "z", "g", "y", "s")
EUCLIDEAN = '<ComparisonMeasure kind="distance"><euclidean/></ComparisonMeasure>'
INPUTS = '<KNNInput field="x"/><KNNInput field="z"/>'
ROWS: dict[str, list[object]] = {"x": [0, 0.5, 4, None, 0.5, 1.5], "z": [0, 0, 4, 0, 1, 1]}


def training(records: Sequence[Record] = RECORDS, prefix: str = "") -> str:
    fields = "".join(f'<InstanceField field="{one}" column="{prefix}{one}"/>' for one in COLUMNS)
    cells = [
        [f"<{prefix}{tag}>{cell}</{prefix}{tag}>" for tag, cell in zip(COLUMNS, record, strict=True)]
        for record in records
    ]
    rows = "".join(f"<row>{''.join(row)}</row>" for row in cells)
    table = f'<InlineTable xmlns:data="http://jpmml.org/jpmml-model/InlineTable">{rows}</InlineTable>'
    return f"<TrainingInstances><InstanceFields>{fields}</InstanceFields>{table}</TrainingInstances>"


def model(
    target: str = "y",
    count: int = 3,
    attributes: str = 'instanceIdVariable="id"',
    measure: str = EUCLIDEAN,
    inputs: str = INPUTS,
    instances: str = "",
    extra: str = "",
) -> bytes:
    ranks = "".join(f'<OutputField name="n{rank}" feature="entityId" rank="{rank}"/>' for rank in (1, 2, 3, 9))
    function = "regression" if target == "y" else "classification"
    return document(
        FIELDS,
        f'<NearestNeighborModel functionName="{function}" numberOfNeighbors="{count}" {attributes}>'
        f"{schema('x', 'z', 'g', target=target)}<Output>{ranks}</Output>{extra}{instances or training()}{measure}"
        f"<KNNInputs>{inputs}</KNNInputs></NearestNeighborModel>",
    )


def test_neighbours_are_told_by_rank() -> None:
    result = scored(model(), **ROWS)
    expected = ["i1 i2 i3", "i1 i2 i3", "i4 i5 i3", "i1 i2 i3", "i1 i2 i3", "i2 i1 i3"]
    found = zip(*(result.outputs[f"n{rank}"].tolist() for rank in (1, 2, 3)), strict=True)
    assert [" ".join(row) for row in found] == expected
    assert result.outputs["n9"].tolist() == [None] * 6


def test_a_model_without_target_tells_the_neighbours_alone() -> None:
    untargeted = model().replace(b'<MiningField name="y" usageType="target"/>', b"")
    result = scored(untargeted.replace(b'"regression"', b'"clustering"'), x=[4], z=[4])
    assert [result.outputs[f"n{rank}"][0] for rank in (1, 2, 3)] == ["i4", "i5", "i3"]
    assert result.value.tolist() == [None]
    with pytest.raises(ModelUnsupported, match="line 1"):
        scored(untargeted, x=[4], z=[4])


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", [7 / 3, 7 / 3, 28 / 3, 7 / 3, 7 / 3, 7 / 3]),
        ('continuousScoringMethod="median"', [2, 2, 8, 2, 2, 2]),
        (
            'continuousScoringMethod="weightedAverage"',
            [
                1.0024945127200706,
                1.7707460878247392,
                10.90732766752674,
                1.5004417074874719,
                2.3333333333333335,
                2.2768622676376666,
            ],
        ),
    ],
)
def test_numbers_are_averaged_as_jpmml_does(attributes: str, expected: list[float]) -> None:
    np.testing.assert_allclose(scored(model(attributes=attributes), **ROWS).value, expected, rtol=1e-15)


def test_the_threshold_is_added_to_distances() -> None:
    document_ = model(attributes='continuousScoringMethod="weightedAverage" threshold="0.5"')
    found = scored(document_, x=[0, 0.5], z=[0, 0]).value
    np.testing.assert_allclose(found, [1.6086956521739133, 1.9082895433880118], rtol=1e-15)


def test_the_median_of_an_even_number_is_between() -> None:
    document_ = model(count=4, attributes='continuousScoringMethod="median"')
    assert scored(document_, x=[0.0], z=[0.0]).value.tolist() == [3.0]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((("1", 0, 0, "M", 1, "a"), ("2", 1, 0, "F", 2, "b"), ("3", 9, 2, "M", 4, "a")), ("aaa", "aba")),
        ((("1", 0, 0, "M", 1, "a"), ("2", 1, 0, "F", 2, "b"), ("3", 9, 2, "M", 4, "b")), ("bbb", "abb")),
        ((("1", 0, 0, "M", 1, "a"), ("2", 1, 0, "F", 2, "b")), ("aaa", "aba")),
        ((("1", 0, 0, "M", 1, "b"), ("2", 1, 0, "F", 2, "a")), ("aaa", "baa")),
    ],
)
def test_tied_votes_go_to_the_commonest_category_then_to_the_smallest(
    records: tuple[Record, ...], expected: tuple[str, str]
) -> None:
    for method, answers in zip(("majorityVote", "weightedMajorityVote"), expected, strict=True):
        document_ = model("s", 2, f'categoricalScoringMethod="{method}"', instances=training(records))
        assert scored(document_, x=[0, 1, 0.5], z=[0, 0, 0]).value.tolist() == list(answers)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<chebychev/>", [7 / 3, 28 / 3]),
        ("<cityBlock/>", [14 / 3, 28 / 3]),
        ("<squaredEuclidean/>", [14 / 3, 28 / 3]),
        ('<minkowski p-parameter="3"/>', [14 / 3, 28 / 3]),
    ],
)
def test_other_measures_and_weights(inner: str, expected: list[float]) -> None:
    measure = f'<ComparisonMeasure kind="distance">{inner}</ComparisonMeasure>'
    document_ = model(measure=measure, inputs='<KNNInput field="x" fieldWeight="2"/><KNNInput field="z"/>')
    np.testing.assert_allclose(scored(document_, x=[1, None], z=[3, 3]).value, expected, rtol=1e-15)


def test_categories_are_compared_by_delta() -> None:
    inputs = '<KNNInput field="x" fieldWeight="2"/><KNNInput field="g" compareFunction="delta"/>'
    result = scored(model(inputs=inputs), x=[0.0, 0.5], g=["M", "M"])
    assert [result.outputs[f"n{rank}"].tolist() for rank in (1, 2, 3)] == [["i1"] * 2, ["i3"] * 2, ["i2"] * 2]


def test_columns_may_have_a_prefix_and_records_no_identifier() -> None:
    result = scored(model(attributes="", instances=training(prefix="data:")), x=[4.0], z=[4.0])
    assert [result.outputs[f"n{rank}"][0] for rank in (1, 2, 3)] == ["4", "5", "3"]


DERIVED = (
    '<LocalTransformations><DerivedField name="w" optype="continuous" dataType="double"><Apply function="*">'
    '<FieldRef field="x"/><Constant>10</Constant></Apply></DerivedField></LocalTransformations>'
)


def test_transformed_records_hold_derived_values() -> None:
    inputs = '<KNNInput field="w"/><KNNInput field="z"/>'
    instances = training().replace('field="x"', 'field="w"')
    transformed = instances.replace("<TrainingInstances>", '<TrainingInstances isTransformed="true">')
    assert scored(model(inputs=inputs, instances=transformed, extra=DERIVED), x=[0.5], z=[0]).value.tolist() == [11 / 3]
    with pytest.raises(ModelUnsupported, match=r"KNNInput.*line 1.*derived"):
        scored(model(inputs=inputs, instances=instances, extra=DERIVED), x=[0.5], z=[0])
    raw = training().replace("<TrainingInstances>", '<TrainingInstances isTransformed="true">')
    with pytest.raises(ModelUnsupported, match=r"KNNInput.*line 1.*no field of the training records"):
        scored(model(inputs=inputs, instances=raw, extra=DERIVED), x=[0.5], z=[0])


def test_a_row_without_any_value_fails() -> None:
    result = scored(model(), x=[None, 0], z=[None, 0])
    assert list(result.reasons) == [0]


@pytest.mark.parametrize(
    ("document_", "refusal"),
    [
        (model(count=9), ModelRejected),
        (model(inputs='<KNNInput field="g"/>'), ModelUnsupported),
        (model(inputs=""), ModelRejected),
        (model(instances=training().replace("<x>3</x>", "")), ModelRejected),
        (model(instances=training().replace("i2", "i1")), ModelRejected),
        (model(instances=training().replace("<x>3</x>", "<x>three</x>")), ModelUnsupported),
        (model(attributes='instanceIdVariable="nobody"'), ModelUnsupported),
        (model(attributes='continuousScoringMethod="weightedAverage" threshold="-1"'), ModelUnsupported),
        (model(measure=EUCLIDEAN.replace("euclidean", "simpleMatching")), ModelUnsupported),
        (model(measure='<ComparisonMeasure kind="similarity"><jaccard/></ComparisonMeasure>'), ModelUnsupported),
        (model().replace(b'"regression"', b'"clustering"'), ModelUnsupported),
        (model().replace(b'<MiningField name="g" />', b'<MiningField name="s" usageType="target"/>'), ModelUnsupported),
    ],
)
def test_what_is_not_sure_is_refused(document_: bytes, refusal: type[ModelRejected]) -> None:
    with pytest.raises(refusal, match="line 1"):
        scored(document_, x=[1.0], z=[1.0])


coordinates = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])
record = st.tuples(st.just(""), coordinates, coordinates, st.just("M"), coordinates, st.sampled_from("ab"))
missing_or_not = st.one_of(st.none(), coordinates, st.floats(-10, 10))


def nearest(records: Sequence[Record], x: float | None, z: float | None) -> list[Record]:
    def apart(one: Record) -> float:
        parts = [(have - value) ** 2 for have, value in ((one[1], x), (one[2], z)) if value is not None]
        return math.sqrt(sum(parts) * 2 / len(parts))

    return sorted(records, key=apart)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(record, min_size=3, max_size=9),
    st.lists(st.tuples(missing_or_not, missing_or_not), min_size=1, max_size=5),
    st.sampled_from(["average", "median"]),
)
def test_random_records_are_found_as_by_hand(
    records: list[Record], rows: list[tuple[float | None, float | None]], method: str
) -> None:
    named = [(f"i{place}", *one[1:]) for place, one in enumerate(records)]
    xs, zs = [x for x, _ in rows], [z for _, z in rows]
    attributes = f'instanceIdVariable="id" continuousScoringMethod="{method}"'
    numbers = scored(model(attributes=attributes, instances=training(named)), x=xs, z=zs)
    votes = scored(model("s", instances=training(named)), x=xs, z=zs)
    for row, (x, z) in enumerate(rows):
        if x is None and z is None:
            assert row in numbers.reasons
            continue
        found = nearest(named, x, z)[:3]
        assert [numbers.outputs[f"n{rank}"][row] for rank in (1, 2, 3)] == [one[0] for one in found]
        answers = [one[4] for one in found]
        wanted = statistics.median(answers) if method == "median" else sum(answers) / 3
        assert numbers.value[row] == pytest.approx(wanted, abs=1e-12)
        assert votes.value[row] == statistics.mode(one[5] for one in found)


def two_targets(attributes: str = "", output: str = "", count: int = 3) -> bytes:
    return (
        model("y", count, attributes)
        .replace(b'"regression"', b'"mixed"')
        .replace(
            b'<MiningField name="y" usageType="target"/>',
            b'<MiningField name="s" usageType="target"/><MiningField name="y" usageType="target"/>',
        )
        .replace(b"<Output>", f"<Output>{output}".encode())
    )


def test_a_model_may_predict_several_targets() -> None:
    """As JPMML 1.7.7 does; here against models of each target alone."""
    told = '<OutputField name="o" feature="predictedValue" targetField="y"/>'
    result = scored(two_targets(output=told), **ROWS)
    categories_ = scored(model("s"), **ROWS).value.tolist()
    averages = scored(model("y"), **ROWS).value.tolist()
    assert result.value.tolist() == categories_
    assert len(set(categories_)) > 1
    assert result.outputs["y"].tolist() == averages
    assert result.outputs["o"].tolist() == averages


def test_a_target_of_another_kind_than_the_function_is_refused() -> None:
    with pytest.raises(ModelUnsupported, match=r"line 1.*continuous 'y'"):
        scored(two_targets().replace(b'"mixed"', b'"classification"'), **ROWS)


def test_distances_are_told_by_rank() -> None:
    told = b'<Output><OutputField name="d" feature="affinity" rank="2"/>'
    result = scored(model().replace(b"<Output>", told), x=[0, 4], z=[0, 4])
    assert result.outputs["d"].tolist() == pytest.approx([1.0, math.sqrt(2)], rel=1e-12)


def test_without_a_threshold_a_neighbour_at_no_distance_outweighs_all_others() -> None:
    """JPMML 1.7.7's answers: a category wins by an infinite vote; of numbers, infinity by infinity is none."""
    votes = 'categoricalScoringMethod="weightedMajorityVote" threshold="0"'
    assert scored(model("s", 5, votes), x=[0, 1, 3], z=[0, 0, 3]).value.tolist() == ["a", "b", "b"]
    weights = 'continuousScoringMethod="weightedAverage" threshold="0"'
    values = scored(model("y", 2, weights), x=[0, 0.5], z=[0, 0]).value.tolist()
    assert math.isnan(values[0])
    assert values[1] == pytest.approx(1.5, rel=1e-12)


def lone(
    rows: Sequence[tuple[float, str]], attributes: str = "", field: str = "", inside: str = "", y: str = ""
) -> bytes:
    cells = "".join(f"<row><x>{x}</x><s>{label}</s></row>" for x, label in rows)
    fields = "".join(f'<InstanceField field="{name}" column="{name}"/>' for name in "xs")
    return document(
        [data_field("s", "string", inside=y), data_field("x", inside=inside)],
        f'<NearestNeighborModel functionName="classification" numberOfNeighbors="2" {attributes}>'
        f"{schema('x', target='s', extra={'x': field})}<TrainingInstances><InstanceFields>{fields}</InstanceFields>"
        f"<InlineTable>{cells}</InlineTable></TrainingInstances>"
        '<ComparisonMeasure kind="distance"><squaredEuclidean/></ComparisonMeasure>'
        '<KNNInputs><KNNInput field="x"/></KNNInputs></NearestNeighborModel>',
    )


def test_neighbours_infinitely_far_away_vote_before_labels_without_neighbours() -> None:
    """JPMML-Evaluator 1.7.7 answers "b": what 1e200 is from 4 and 5 is infinite, and "a" is of no neighbour."""
    rows = [(4, "b"), (5, "b"), (1, "a"), (2, "a"), (3, "a")]
    result = scored(lone(rows, 'categoricalScoringMethod="weightedMajorityVote"'), x=[1e200, 1.1])
    assert result.value.tolist() == ["b", "a"]


TRAINED = [(1.0, "a"), (2.0, "b"), (10.0, "c")]
UP_TO_5 = '<Interval closure="closedClosed" leftMargin="0" rightMargin="5"/>'


@pytest.mark.parametrize(
    ("field", "inside", "labels"),
    [
        ("", UP_TO_5, ""),
        ('invalidValueTreatment="asMissing"', UP_TO_5, ""),
        ('outliers="asExtremeValues" lowValue="0" highValue="3"', "", ""),
        ('missingValueReplacement="1.4"', '<Value value="10" property="missing"/>', ""),
        ("", "", categories("a", "b")),
    ],
)
def test_training_records_that_their_own_fields_would_treat_are_refused(field: str, inside: str, labels: str) -> None:
    """JPMML-Evaluator 1.7.7 treats them as it does inputs, or cannot score."""
    with pytest.raises(ModelUnsupported, match="training records with values that"):
        scored(lone(TRAINED, "", field, inside, labels), x=[1.0])


@pytest.mark.parametrize(
    ("field", "inside"),
    [
        ('invalidValueTreatment="asIs"', UP_TO_5),
        ('outliers="asExtremeValues" lowValue="0" highValue="30"', ""),
        ("", UP_TO_5.replace("5", "15")),
    ],
)
def test_training_records_that_no_treatment_changes_are_used(field: str, inside: str) -> None:
    assert scored(lone(TRAINED, "", field, inside), x=[1.0, 9.0]).value.tolist() == ["a", "b"]
