"""Support vector machines against the specification's formulas, row by row, and against what JPMML answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

Vector = tuple[float, ...]
LINEAR = "<LinearKernelType/>"
TWO: dict[str, Vector] = {"1": (1.0, 0.0), "2": (0.0, 1.0)}
THREE: dict[str, Vector] = {"1": (1.0, 2.0), "2": (0.5, -1.0), "3": (-1.0, 0.3)}
FIELDS = '<FieldRef field="x"/><FieldRef field="y"/>'
X: list[float | None] = [0.0, 1.0, 0.3]
Y: list[float | None] = [0.0, 2.0, -0.7]


def dictionary(vectors: dict[str, Vector], fields: str = FIELDS) -> str:
    instances = "".join(
        f'<VectorInstance id="{name}"><Array type="real" n="{len(vector)}">{" ".join(map(repr, vector))}</Array>'
        "</VectorInstance>"
        for name, vector in vectors.items()
    )
    return f"<VectorDictionary><VectorFields>{fields}</VectorFields>{instances}</VectorDictionary>"


def machine(used: str, coefficients: list[float], intercept: float, attributes: str = "") -> str:
    vectors = "".join(f'<SupportVector vectorId="{name}"/>' for name in used)
    values = "".join(f'<Coefficient value="{value!r}"/>' for value in coefficients)
    return (
        f"<SupportVectorMachine {attributes}>{f'<SupportVectors>{vectors}</SupportVectors>' if used else ''}"
        f'<Coefficients absoluteValue="{intercept!r}">{values}</Coefficients></SupportVectorMachine>'
    )


def regression(kernel: str, vectors: str, machines: str, attributes: str = "", more: str = "") -> bytes:
    return document(
        [data_field("t"), data_field("x"), data_field("y"), data_field("k", "string", inside=categories("u", "v"))],
        f'<SupportVectorMachineModel functionName="regression" {attributes}>'
        f"{schema('x', 'y', 'k', target='t')}{more}{kernel}{vectors}{machines}</SupportVectorMachineModel>",
    )


def classification(machines: str, attributes: str = "", kernel: str = LINEAR, output: str = "") -> bytes:
    return document(
        [data_field("t", "string", inside=categories("a", "b", "c")), data_field("x"), data_field("y")],
        f'<SupportVectorMachineModel functionName="classification" {attributes}>'
        f"{schema('x', 'y', target='t')}{output}{kernel}{dictionary(TWO)}{machines}</SupportVectorMachineModel>",
    )


@pytest.mark.parametrize(
    ("kernel", "wanted"),
    [
        (LINEAR, [0.25, 8.05, -2.8049999999999997]),
        (
            '<PolynomialKernelType gamma="0.5" coef0="1.5" degree="3"/>',
            [-1.4375, 64.50475, -12.194390687499999],
        ),
        ("<PolynomialKernelType/>", [-0.25, 7.55, -3.3049999999999997]),
        ('<RadialBasisKernelType gamma="0.7"/>', [-0.32039389087225856, 1.2509383136462777, -1.4956553867682314]),
        ("<RadialBasisKernelType/>", [-0.14816339986792804, 1.250316733616375, -1.471832379980631]),
        (
            '<SigmoidKernelType gamma="0.3" coef0="0.2"/>',
            [0.151312339887548, 1.715161279966083, -0.7077905231725098],
        ),
        ("<SigmoidKernelType/>", [-0.13079707797788243, 2.442746809669833, -1.5260516926131495]),
    ],
)
def test_kernels_are_those_of_jpmml(kernel: str, wanted: list[float]) -> None:
    data = regression(kernel, dictionary(THREE), machine("123", [1.0, -2.0, 0.5], 0.25))
    assert scored(data, x=X, y=Y).value.tolist() == pytest.approx(wanted, rel=1e-15)


def test_a_missing_field_fails_its_row_and_can_be_replaced() -> None:
    machines = machine("12", [1.0, 1.0], 0.0)
    result = scored(regression(LINEAR, dictionary(THREE), machines), x=[None, 1.0], y=[1.0, 2.0])
    assert list(result.reasons) == [0]
    mapped = dictionary(THREE, '<FieldRef field="x" mapMissingTo="5"/><FieldRef field="y"/>')
    result = scored(regression(LINEAR, mapped, machines), x=[None], y=[1.0])
    assert result.value.tolist() == [8.5]


def test_coefficients_are_summed_in_order_and_the_absolute_value_is_added_last() -> None:
    vectors = dictionary({"1": (1.0, 0.0), "2": (1.0, 0.0), "3": (0.0, 0.0)})
    data = regression(LINEAR, vectors, machine("123", [1.0, 1.0, 1.0], 1e16))
    assert scored(data, x=[1.0], y=[0.0]).value.tolist() == [1.0000000000000002e16]


def test_a_category_is_a_field_of_0_and_1() -> None:
    fields = (
        '<FieldRef field="x"/><CategoricalPredictor name="k" value="u" coefficient="1"/>'
        '<CategoricalPredictor name="k" value="v" coefficient="1"/>'
    )
    vectors = dictionary({"1": (1.0, 10.0, 100.0), "2": (1.0, 0.0, 1000.0)}, fields)
    result = scored(regression(LINEAR, vectors, machine("12", [1.0, 1.0], 0.0)), x=[1.0, 1.0, 1.0], k=["u", "v", None])
    assert result.value[:2].tolist() == [12.0, 1102.0]
    assert list(result.reasons) == [2]


def test_a_sparse_vector_has_its_default_elsewhere() -> None:
    sparse = '<REAL-SparseArray n="2"{}><Indices>2</Indices><REAL-Entries>3</REAL-Entries></REAL-SparseArray>'
    instances = "".join(
        f'<VectorInstance id="{name}">{sparse.format(default)}</VectorInstance>'
        for name, default in (("1", ""), ("2", ' defaultValue="7"'))
    )
    vectors = f"<VectorDictionary><VectorFields>{FIELDS}</VectorFields>{instances}</VectorDictionary>"
    data = regression(LINEAR, vectors, machine("12", [1.0, 1.0], 0.0))
    assert scored(data, x=[10.0], y=[100.0]).value.tolist() == [670.0]


def test_coefficients_alone_are_those_of_the_fields() -> None:
    vectors = f"<VectorDictionary><VectorFields>{FIELDS}</VectorFields></VectorDictionary>"
    data = regression(LINEAR, vectors, machine("", [2.0, 3.0], 0.5), 'svmRepresentation="Coefficients"')
    result = scored(data, x=[0.0, 1.0, math.inf, None], y=[0.0, 2.0, 1.0, 1.0])
    assert result.value[:3].tolist() == [0.5, 8.5, math.inf]
    assert list(result.reasons) == [3]


def test_the_value_is_rescaled_by_the_target() -> None:
    more = '<Targets><Target field="t" rescaleFactor="2" rescaleConstant="1"/></Targets>'
    data = regression(LINEAR, dictionary(THREE), machine("12", [1.0, 1.0], 0.0), more=more)
    assert scored(data, x=X, y=Y).value.tolist() == [1.0, 8.0, 0.5000000000000002]


ROWS: dict[str, list[float | None]] = {"x": [0.0, 1.0, 0.3, -1.0, 2.0, 1.0], "y": [0.0, 2.0, -0.7, -2.0, 1.0, 1.0]}
ALL = (
    machine("1", [1.0], 0.0, 'targetCategory="a"')
    + machine("2", [1.0], 0.0, 'targetCategory="b"')
    + machine("12", [-1.0, -1.0], 0.0, 'targetCategory="c"')
)
PAIRS = (
    machine("1", [1.0], 0.0, 'targetCategory="a" alternateTargetCategory="b"')
    + machine("2", [1.0], 0.0, 'targetCategory="b" alternateTargetCategory="c"')
    + machine("12", [-1.0, -1.0], 0.0, 'targetCategory="c" alternateTargetCategory="a"')
)
SHARES = "".join(f'<OutputField name="p{name}" feature="probability" value="{name}"/>' for name in "abc")


def test_against_all_the_smallest_value_wins_and_with_max_wins_the_largest() -> None:
    smallest = scored(classification(ALL, 'classificationMethod="OneAgainstAll"'), **ROWS)
    assert smallest.value.tolist() == ["a", "c", "b", "b", "c", "c"]
    assert smallest.probabilities is None
    assert scored(classification(ALL), **ROWS).value.tolist() == smallest.value.tolist()
    largest = scored(classification(ALL, 'maxWins="true"'), **ROWS)
    assert largest.value.tolist() == ["a", "b", "c", "c", "a", "a"]


def test_a_value_that_is_no_number_never_wins() -> None:
    root = '<PolynomialKernelType degree="0.5" coef0="0"/>'
    machines = machine("1", [1.0], 0.0, 'targetCategory="a"') + machine("2", [1.0], 0.0, 'targetCategory="b"')
    result = scored(classification(machines, kernel=root), x=[-1.0, 1.0, 1.0], y=[1.0, -1.0, 2.0])
    assert result.value.tolist() == ["b", "a", "a"]


def test_against_one_the_votes_decide_and_are_the_probabilities() -> None:
    method = 'classificationMethod="OneAgainstOne"'
    result = scored(classification(PAIRS, method, output=f"<Output>{SHARES}</Output>"), **ROWS)
    assert result.value[1:].tolist() == ["c", "b", "a", "c", "c"]
    assert result.outputs["pa"].tolist() == [1 / 3, 0.0, 1 / 3, 2 / 3, 0.0, 0.0]
    assert result.outputs["pb"].tolist() == [1 / 3, 1 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3]
    assert result.outputs["pc"].tolist() == [1 / 3, 2 / 3, 0.0, 0.0, 2 / 3, 2 / 3]


def test_of_equal_votes_the_category_voted_for_first_wins() -> None:
    """JPMML 1.7.7's answer to this document."""
    result = scored(classification(PAIRS, 'classificationMethod="OneAgainstOne"'), x=[0.0], y=[0.0])
    assert result.value.tolist() == ["b"]


def test_a_machine_has_its_own_threshold_or_that_of_the_model() -> None:
    pairs = PAIRS.replace('"a" alternateTargetCategory="b"', '"a" alternateTargetCategory="b" threshold="1"')
    result = scored(classification(pairs, 'classificationMethod="OneAgainstOne" threshold="0.5"'), x=[0.7], y=[0.6])
    assert result.probabilities is not None
    assert result.probabilities[0].tolist() == [1 / 3, 0.0, 2 / 3]
    without = scored(classification(PAIRS, 'classificationMethod="OneAgainstOne" threshold="0.5"'), x=[0.7], y=[0.6])
    assert without.probabilities is not None
    assert without.probabilities[0].tolist() == [0.0, 1 / 3, 2 / 3]


@pytest.mark.parametrize(
    ("attributes", "wanted"), [("", ["b", "b", "a"]), ('maxWins="true"', ["b", "a", "b"]), ('threshold="4"', ["a"] * 3)]
)
def test_one_machine_decides_between_two_categories_by_its_threshold(attributes: str, wanted: list[str]) -> None:
    one = machine("12", [1.0, 1.0], 0.0, 'targetCategory="a" alternateTargetCategory="b"')
    assert scored(classification(one, attributes), x=X, y=Y).value.tolist() == wanted


def test_machines_with_alternate_categories_vote_though_no_method_is_given() -> None:
    pairs = PAIRS.replace(
        'targetCategory="c" alternateTargetCategory="a"', 'targetCategory="a" alternateTargetCategory="c"'
    )
    result = scored(classification(pairs), x=[-1.0, 1.0], y=[-1.0, -1.0])
    assert result.value.tolist() == ["a", "b"]


GOOD = regression(LINEAR, dictionary(THREE), machine("123", [1.0, -2.0, 0.5], 0.25))


@pytest.mark.parametrize(
    ("data", "old", "new"),
    [
        (GOOD, 'functionName="regression"', 'functionName="regression" mathContext="float"'),
        (GOOD, 'functionName="regression"', 'functionName="regression" svmRepresentation="Coefficients"'),
        (GOOD, 'functionName="regression"', 'functionName="clustering"'),
        (GOOD, '<FieldRef field="x"/>', '<FieldRef field="k"/>'),
        (GOOD, '<FieldRef field="x"/>', '<CategoricalPredictor name="k" value="u" coefficient="3"/>'),
        (classification(PAIRS, 'maxWins="false"'), "", ""),
        (classification(PAIRS, 'classificationMethod="OneAgainstAll"'), "", ""),
        (classification(PAIRS, 'alternateBinaryTargetCategory="b"'), "", ""),
        (classification(ALL, output=f"<Output>{SHARES}</Output>"), "", ""),
    ],
)
def test_what_is_not_surely_right_is_unsupported(data: bytes, old: str, new: str) -> None:
    assert old.encode() in data
    with pytest.raises(ModelUnsupported, match=r"\(line 1\)"):
        compile_pmml(data.replace(old.encode(), new.encode()) if old else data)


@pytest.mark.parametrize(
    ("data", "old", "new"),
    [
        (GOOD, LINEAR, ""),
        (GOOD, 'vectorId="3"', 'vectorId="4"'),
        (GOOD, 'VectorInstance id="2"', 'VectorInstance id="1"'),
        (GOOD, '<Coefficient value="0.5"/>', ""),
        (GOOD, '<Array type="real" n="2">1.0 2.0', '<Array type="real" n="1">1.0'),
        (GOOD, "</SupportVectorMachine>", f"</SupportVectorMachine>{machine('1', [1.0], 0.0)}"),
        (classification(ALL), 'targetCategory="b"', 'targetCategory="a"'),
        (classification(ALL), ' targetCategory="b"', ""),
        (classification(ALL, 'classificationMethod="OneAgainstOne"'), "", ""),
    ],
)
def test_what_is_malformed_is_rejected(data: bytes, old: str, new: str) -> None:
    assert old.encode() in data
    with pytest.raises(ModelRejected, match=r"\(line 1\)"):
        compile_pmml(data.replace(old.encode(), new.encode()) if old else data)


def kernel_of(kind: str, row: Vector, vector: Vector) -> float:
    """Return the kernel with gamma 0.5, coef0 1.5, degree 3, as the specification's formulas say it."""
    product = math.fsum(x * y for x, y in zip(row, vector, strict=True))
    if kind == "RadialBasisKernelType":
        return math.exp(-0.5 * math.fsum((x - y) ** 2 for x, y in zip(row, vector, strict=True)))
    if kind == "SigmoidKernelType":
        return math.tanh(0.5 * product + 1.5)
    return (0.5 * product + 1.5) ** 3 if kind == "PolynomialKernelType" else product


CONSTANTS = {
    "LinearKernelType": "",
    "PolynomialKernelType": 'gamma="0.5" coef0="1.5" degree="3"',
    "RadialBasisKernelType": 'gamma="0.5"',
    "SigmoidKernelType": 'gamma="0.5" coef0="1.5"',
}
numbers = st.floats(-3, 3).map(lambda x: round(x, 3))
points = st.tuples(numbers, numbers)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(CONSTANTS)),
    vectors=st.lists(points, min_size=1, max_size=12),
    coefficients=st.lists(numbers, min_size=12, max_size=12),
    intercept=numbers,
    batch=st.lists(points, min_size=1, max_size=5),
)
def test_the_value_is_that_of_the_specification_and_the_same_for_a_row_alone(
    kind: str, vectors: list[Vector], coefficients: list[float], intercept: float, batch: list[Vector]
) -> None:
    names = "0123456789AB"[: len(vectors)]
    weights = coefficients[: len(vectors)]
    data = regression(
        f"<{kind} {CONSTANTS[kind]}/>",
        dictionary(dict(zip(names, vectors, strict=True))),
        machine(names, weights, intercept),
    )
    wanted = [
        math.fsum(weight * kernel_of(kind, row, vector) for weight, vector in zip(weights, vectors, strict=True))
        + intercept
        for row in batch
    ]
    columns = {name: [row[place] for row in batch] for place, name in enumerate("xy")}
    together = scored(data, **columns).value.tolist()
    assert together == pytest.approx(wanted, rel=1e-10, abs=1e-10)
    alone = [scored(data, x=[row[0]], y=[row[1]]).value[0] for row in batch[:2]]
    assert alone == together[:2]
