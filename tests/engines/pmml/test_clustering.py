"""Clusters against a slow reading of the specification, and, where that is silent, against what JPMML answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import data_field, document, schema, scored

FIELDS = ("x", "y", "z")
A, B = (1.0, 2.0, 3.0), (4.0, 5.0, 7.0)
OUTPUT = (
    '<Output><OutputField name="id" feature="clusterId"/><OutputField name="second" feature="entityId" rank="2"/>'
    '<OutputField name="shown" feature="predictedDisplayValue"/><OutputField name="best" feature="affinity"/>'
    '<OutputField name="toA" feature="affinity" value="A"/>'
    '<OutputField name="toB" feature="clusterAffinity" value="B"/></Output>'
)
WEIGHTS = '<MissingValueWeights><Array n="3" type="real">1 2 4</Array></MissingValueWeights>'
NAMED = ('id="A" name="first"', 'id="B" name="other"')


def model(
    measure: str,
    centers: list[tuple[float, ...]],
    *,
    attributes: tuple[str, str, str] = ("", "", ""),
    clusters: tuple[str, ...] = NAMED,
    more: str = "",
    similarity: bool = False,
    output: str = OUTPUT,
    kind: str = "double",
) -> bytes:
    fields = "".join(f'<ClusteringField field="{name}" {one}/>' for name, one in zip(FIELDS, attributes, strict=True))
    arrays = "".join(
        f'<Cluster {one}><Array n="3" type="real">{" ".join(map(repr, center))}</Array></Cluster>'
        for one, center in zip(clusters, centers, strict=True)
    )
    return document(
        [data_field(name, kind) for name in FIELDS],
        f'<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="{len(centers)}">'
        f"{schema(*FIELDS)}{output}"
        f'<ComparisonMeasure kind="{"similarity" if similarity else "distance"}"><{measure}/></ComparisonMeasure>'
        f"{fields}{more}{arrays}</ClusteringModel>",
    )


ROWS: dict[str, list[float | None]] = {
    "x": [1.0, 2.0, None, 2.5, None, 2.5],
    "y": [2.0, 2.5, 2.0, None, None, 3.5],
    "z": [3.0, 5.0, 5.0, None, None, 5.0],
}


@pytest.mark.parametrize(
    ("measure", "to_a", "to_b"),
    [
        (
            "euclidean",
            [0.0, 2.179449471770337, 1.5275252316519468, 5.612486080160912, 3.640054944640259],
            [7.280109889280518, 5.361902647381804, 5.816642788871716, 5.612486080160912, 3.640054944640259],
        ),
        (
            "squaredEuclidean",
            [0.0, 4.75, 2.3333333333333335, 31.5, 13.25],
            [53.0, 28.75, 33.833333333333336, 31.5, 13.25],
        ),
        ("chebychev", [0.0, 2.0, 1.1666666666666667, 21.0, 4.5], [9.0, 7.5, 10.5, 21.0, 4.5]),
        ("cityBlock", [0.0, 4.5, 1.1666666666666667, 21.0, 8.5], [17.0, 12.5, 11.666666666666668, 21.0, 8.5]),
        (
            'minkowski p-parameter="3"',
            [0.0, 1.8542148846330946, 1.6710993116548616, 3.6152133962628445, 2.753439223193676],
            [5.506878446387352, 4.059020689649617, 4.628659549832777, 3.6152133962628445, 2.753439223193676],
        ),
    ],
)
def test_distances_with_weights_and_missing_values_are_those_of_jpmml(
    measure: str, to_a: list[float], to_b: list[float]
) -> None:
    weights = ('fieldWeight="2"', 'fieldWeight="3"', 'fieldWeight="0.5"')
    result = scored(model(measure, [A, B], attributes=weights, more=WEIGHTS), **ROWS)
    rows = [0, 1, 2, 3, 5]
    assert result.outputs["toA"][rows].tolist() == pytest.approx(to_a, rel=1e-15)
    assert result.outputs["toB"][rows].tolist() == pytest.approx(to_b, rel=1e-15)
    assert result.outputs["best"][rows].tolist() == pytest.approx(to_a, rel=1e-15)
    assert result.value[rows].tolist() == ["A"] * 5
    assert result.outputs["second"][rows].tolist() == ["B"] * 5
    assert result.outputs["shown"][rows].tolist() == ["first"] * 5
    assert set(result.reasons) == {4}


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        ('compareFunction="delta"', [0.0, math.sqrt(3.0)], [math.sqrt(3.0), math.sqrt(3.0)]),
        ('compareFunction="equal"', [math.sqrt(3.0), 0.0], [0.0, 0.0]),
        (
            'compareFunction="gaussSim" similarityScale="2"',
            [1.7320508075688772, 1.3689816742349836],
            [0.30380025946058453, 0.7839805516724149],
        ),
    ],
)
def test_comparisons_are_those_of_jpmml(function: str, first: list[float], second: list[float]) -> None:
    data = model("euclidean", [A, B], attributes=(function,) * 3)
    result = scored(data, x=[1.0, 2.0], y=[2.0, 2.5], z=[3.0, 5.0])
    assert result.outputs["toA"].tolist() == pytest.approx(first, rel=1e-14)
    assert result.outputs["toB"].tolist() == pytest.approx(second, rel=1e-14)


BINARY = (
    'binarySimilarity c00-parameter="0.5" c01-parameter="1" c10-parameter="2" c11-parameter="3" '
    'd00-parameter="1" d01-parameter="2" d10-parameter="3" d11-parameter="4"'
)


@pytest.mark.parametrize(
    ("measure", "to_a", "to_b"),
    [
        ("simpleMatching", [1.0, 0.0, 2 / 3], [1 / 3, 2 / 3, 2 / 3]),
        ("jaccard", [1.0, 0.0, 2 / 3], [1 / 3, 0.5, 2 / 3]),
        ("tanimoto", [1.0, 0.0, 0.5], [0.2, 0.5, 0.5]),
        (BINARY, [0.7222222222222222, 0.5714285714285714, 8 / 11], [2 / 3, 0.6428571428571429, 8 / 11]),
    ],
)
def test_similarities_are_those_of_jpmml_and_the_largest_wins(
    measure: str, to_a: list[float], to_b: list[float]
) -> None:
    data = model(measure, [(1.0, 0.0, 1.0), (0.0, 1.0, 1.0)], similarity=True, kind="integer")
    result = scored(data, x=[1, 0, 1, 2, None], y=[0, 1, 1, 1, 1], z=[1, 0, 1, 0, 0])
    assert result.outputs["toA"][:3].tolist() == pytest.approx(to_a, rel=1e-15)
    assert result.outputs["toB"][:3].tolist() == pytest.approx(to_b, rel=1e-15)
    assert result.value[:3].tolist() == ["A", "B", "A"]
    assert set(result.reasons) == {3, 4}


def test_a_similarity_that_is_undefined_fails_its_row() -> None:
    data = model("jaccard", [(1.0, 0.0, 1.0), (0.0, 0.0, 0.0)], similarity=True, kind="integer")
    result = scored(data, x=[0, 1], y=[0, 0], z=[0, 1])
    assert set(result.reasons) == {0}
    assert result.value[1] == "A"


@pytest.mark.parametrize(
    ("clusters", "value", "shown"),
    [
        (('name="first"', 'name="other"'), "2", "other"),
        (("", ""), "2", None),
        (('id="q"', 'id="p" name="q"'), "p", "q"),
    ],
)
def test_a_cluster_without_id_is_its_place(clusters: tuple[str, ...], value: str, shown: str | None) -> None:
    output = '<Output><OutputField name="shown" feature="predictedDisplayValue"/></Output>'
    result = scored(model("euclidean", [A, B], clusters=clusters, output=output), x=[4.0], y=[5.0], z=[6.0])
    assert result.value.tolist() == [value]
    assert result.outputs["shown"].tolist() == [shown]


GOOD = model("euclidean", [A, B])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('modelClass="centerBased"', 'modelClass="distributionBased"'),
        ('kind="distance"', 'kind="similarity"'),
        ('<ClusteringField field="x" ', '<ClusteringField field="x" isCenterField="false" '),
        ('<ClusteringField field="x" ', '<ClusteringField field="x" compareFunction="table" '),
        ("<euclidean/>", '<minkowski p-parameter="0"/>'),
        ('functionName="clustering"', 'functionName="clustering" mathContext="float"'),
        ('feature="clusterId"', 'feature="clusterId" rank="2"'),
        ('feature="affinity" value="A"', 'feature="affinity" value="C"'),
        ('feature="clusterId"', 'feature="probability" value="A"'),
        ('name="x" dataType="double" optype="continuous"', 'name="x" dataType="string" optype="categorical"'),
    ],
)
def test_what_is_not_surely_right_is_unsupported(old: str, new: str) -> None:
    assert old.encode() in GOOD
    with pytest.raises(ModelUnsupported, match=r"\(line 1\)"):
        compile_pmml(GOOD.replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('id="B"', 'id="A"'),
        ('<Array n="3" type="real">1.0 2.0 3.0', '<Array n="2" type="real">1.0 2.0'),
        ("1.0 2.0 3.0", "1.0 two 3.0"),
        ("<euclidean/>", ""),
        ("<euclidean/>", "<minkowski/>"),
        ('<ClusteringField field="x" ', '<ClusteringField field="x" compareFunction="gaussSim" '),
    ],
)
def test_what_is_malformed_is_rejected(old: str, new: str) -> None:
    assert old.encode() in GOOD
    with pytest.raises(ModelRejected, match=r"\(line 1\)"):
        compile_pmml(GOOD.replace(old.encode(), new.encode()))


COMPARE: dict[str, Callable[[float, float], float]] = {
    "absDiff": lambda x, y: abs(x - y),
    "delta": lambda x, y: float(x != y),
    "equal": lambda x, y: float(x == y),
}


def reference(
    kind: str, row: list[float | None], center: tuple[float, ...], function: str, weights: list[float]
) -> float:
    """Return the distance as the specification's formulas say it, importance 1, 2, 4."""
    terms, here = [], 0.0
    power = {"euclidean": 2, "squaredEuclidean": 2, "chebychev": 1, "cityBlock": 1}.get(kind, 3)
    for x, y, weight, importance in zip(row, center, weights, (1.0, 2.0, 4.0), strict=True):
        if x is not None:
            terms.append(weight * COMPARE[function](x, y) ** power)
            here += importance
    total = (max(terms) if kind == "chebychev" else sum(terms)) * (7.0 / here)
    if kind == "euclidean":
        return math.sqrt(total)
    return math.pow(total, 1 / 3) if kind.startswith("minkowski") else total


coordinates = st.floats(-10, 10).map(lambda x: round(x, 2))
cells = st.one_of(st.none(), coordinates)


@settings(max_examples=60, deadline=None)
@given(
    centers=st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=4),
    batch=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6),
    kind=st.sampled_from(["euclidean", "squaredEuclidean", "chebychev", "cityBlock", 'minkowski p-parameter="3"']),
    function=st.sampled_from(sorted(COMPARE)),
    weights=st.lists(st.sampled_from([1.0, 0.25, 3.0]), min_size=3, max_size=3),
)
def test_the_nearest_cluster_is_that_of_the_specification(
    centers: list[tuple[float, ...]],
    batch: list[list[float | None]],
    kind: str,
    function: str,
    weights: list[float],
) -> None:
    attributes = tuple(f'compareFunction="{function}" fieldWeight="{weight!r}"' for weight in weights)
    names = tuple(f'id="c{place}"' for place in range(len(centers)))
    output = "".join(
        f'<OutputField name="d{place}" feature="affinity" value="c{place}"/>' for place in range(len(centers))
    )
    data = model(
        kind,
        centers,
        attributes=(attributes[0], attributes[1], attributes[2]),
        clusters=names,
        more=WEIGHTS,
        output=f"<Output>{output}</Output>",
    )
    result = scored(data, **{name: [row[place] for row in batch] for place, name in enumerate(FIELDS)})
    for place, row in enumerate(batch):
        if all(cell is None for cell in row):
            assert place in result.reasons
            continue
        wanted = [reference(kind, row, center, function, weights) for center in centers]
        got = [float(result.outputs[f"d{cluster}"][place]) for cluster in range(len(centers))]
        assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        assert result.value[place] == f"c{got.index(min(got))}"
        assert place not in result.reasons


def test_affinities_are_told_by_rank() -> None:
    """As JPMML 1.7.7 does: the distance of the second nearest; what is behind the last is refused."""
    output = '<Output><OutputField name="second" feature="affinity" rank="{}"/></Output>'
    ranked = model("squaredEuclidean", [A, B], output=output.format(2))
    result = scored(ranked, x=[1.0, 4.0], y=[2.0, 5.0], z=[3.0, 7.0])
    assert result.outputs["second"].tolist() == [34.0, 34.0]
    with pytest.raises(ModelUnsupported, match=r"<OutputField> \(line 1\)"):
        compile_pmml(model("squaredEuclidean", [A, B], output=output.format(3)))
