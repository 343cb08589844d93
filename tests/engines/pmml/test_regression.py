"""Regression models: normalizations against JPMML, and predictors against a row-by-row reading of the specification."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, column, data_field, document, schema, scored

EXACT = 1e-12
THREE = (("a", 0.1, 0.3, 1), ("b", 0.7, -0.2, 2), ("c", 0.0, 0.0, 1))
STEPS = (("a", -0.2, 0.3, 1), ("b", 0.4, 0.3, 1), ("c", 0.9, 0.3, 1))
Tables = tuple[tuple[str, float, float, int], ...]


def regression(method: str, attributes: str = "") -> bytes:
    model = (
        f'<RegressionModel functionName="regression" normalizationMethod="{method}" {attributes}>'
        f'{schema("x", target="y")}<RegressionTable intercept="0.3"><NumericPredictor name="x" coefficient="0.1"/>'
        '<NumericPredictor name="x" coefficient="-0.07" exponent="2"/></RegressionTable></RegressionModel>'
    )
    return document([data_field("x"), data_field("y")], model)


def classification(method: str, tables: Tables, optype: str = "categorical", attributes: str = "") -> bytes:
    inside = "".join(
        f'<RegressionTable targetCategory="{name}" intercept="{intercept!r}">'
        f'<NumericPredictor name="x" coefficient="{coefficient!r}" exponent="{exponent}"/></RegressionTable>'
        for name, intercept, coefficient, exponent in tables
    )
    model = (
        f'<RegressionModel functionName="classification" normalizationMethod="{method}" {attributes}>'
        f"{schema('x', target='y')}{inside}</RegressionModel>"
    )
    target = data_field("y", "string", optype, categories(*(name for name, *_ in tables)))
    return document([data_field("x"), target], model)


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("none", [0.32999999999999996, -0.18000000000000005, 0.3237, -0.28830000000000006]),
        ("softmax", [0.5817593768418363, 0.45512110762641994, 0.5802257048973792, 0.42842010605978625]),
        ("logit", [0.5817593768418363, 0.45512110762641994, 0.5802257048973792, 0.42842010605978625]),
        ("probit", [0.6293000189406536, 0.4285762840990992, 0.6269174145721949, 0.38655855357699376]),
        ("cloglog", [0.7511657155722854, 0.566242740564878, 0.7489824884469273, 0.5274145479485096]),
        ("loglog", [0.4872764131558326, 0.3020334931997463, 0.4850674866455231, 0.2633799819216924]),
        ("cauchit", [0.6014604996788563, 0.4433112571014906, 0.5996487066007467, 0.4106540472424589]),
        ("exp", [1.3909681284637803, 0.835270211411272, 1.382232575140251, 0.7495366974972675]),
    ],
)
def test_normalized_regressions_answer_as_jpmml_does(method: str, wanted: list[float]) -> None:
    result = scored(regression(method), x=[1.0, -2.0, 0.3, 3.7, None])
    np.testing.assert_allclose(result.value, [*wanted, math.nan], rtol=EXACT)


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("none", [0.33000001311302185, -0.18000000715255737, 0.3237000107765198, -0.2883000373840332]),
        ("logit", [0.5817593336105347, 0.45512109994888306, 0.5802257061004639, 0.4284200966358185]),
    ],
)
def test_arithmetic_of_32_bits_is_rounded_at_every_step(method: str, wanted: list[float]) -> None:
    result = scored(regression(method, 'x-mathContext="float"'), x=[1.0, -2.0, 0.3, 3.7])
    assert result.value.tolist() == wanted


@pytest.mark.parametrize(
    ("method", "optype", "tables", "first", "second"),
    [
        (
            "none",
            "categorical",
            THREE,
            [0.4, 0.49999999999999994, 0.10000000000000009],
            [-0.5, -0.10000000000000009, 1.6],
        ),
        ("none", "categorical", THREE[:2], [0.4, 0.6], [0.0, 1.0]),
        ("none", "ordinal", STEPS, [0.09999999999999998, 0.6, 0.30000000000000004], [0.0, 0.0, 1.0]),
        (
            "simplemax",
            "categorical",
            THREE,
            [0.44444444444444453, 0.5555555555555556, 0.0],
            [0.8333333333333333, 0.1666666666666668, 0.0],
        ),
        (
            "softmax",
            "categorical",
            THREE,
            [0.3602966152405401, 0.398189341044936, 0.2415140437145238],
            [0.24151404371452387, 0.3602966152405401, 0.3981893410449361],
        ),
        (
            "logit",
            "categorical",
            THREE,
            [0.3478422605005285, 0.36165378921327956, 0.29050395028619186],
            [0.27913013494212136, 0.35120090220058153, 0.369668962857297],
        ),
        (
            "logit",
            "ordinal",
            STEPS,
            [0.5249791874789399, 0.14320858468922626, 0.33181222783183384],
            [0.31002551887238755, 0.1401404838151346, 0.5498339973124778],
        ),
        (
            "cauchit",
            "ordinal",
            STEPS,
            [0.5317255174305535, 0.1626745947836613, 0.3055998877857852],
            [0.2852232874772772, 0.15194375433372165, 0.5628329581890011],
        ),
        (
            "cloglog",
            "categorical",
            THREE[:2],
            [0.7750382064500816, 0.2249617935499184],
            [0.45476078810739495, 0.545239211892605],
        ),
    ],
)
def test_normalized_classifications_answer_as_jpmml_does(
    method: str, optype: str, tables: Tables, first: list[float], second: list[float]
) -> None:
    result = scored(classification(method, tables, optype), x=[1.0, -2.0, None])
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[:2], [first, second], rtol=1e-11, atol=1e-15)
    assert result.value.tolist() == ["abc"[np.argmax(first)], "abc"[np.argmax(second)], None]


@pytest.mark.parametrize(
    "data",
    [
        regression("simplemax"),
        regression("probit", 'x-mathContext="float"'),
        classification("exp", THREE[:2]),
        classification("probit", THREE),
        classification("softmax", STEPS, "ordinal"),
        classification("logit", THREE[:1]),
    ],
)
def test_what_is_not_surely_right_is_refused(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(data)


numbers = st.floats(-3, 3)
rows = st.fixed_dictionaries(
    {
        "x": st.one_of(st.none(), st.sampled_from([0.0, 1e150, -2.5]), numbers),
        "z": st.one_of(st.none(), numbers),
        "c": st.sampled_from(["red", "green", "unseen", None]),
    }
)


def linear(
    numeric: list[tuple[str, float, int]], colours: dict[str, float], product: float, row: dict[str, float | str | None]
) -> float | None:
    """Return the table's sum: a missing number leaves none, a missing or other category adds nothing."""
    total = 0.0
    for name, coefficient, exponent in [*numeric, ("x", 0.0, 1), ("z", 0.0, 1)]:
        value = row[name]
        if not isinstance(value, float):
            return None
        total += coefficient * value**exponent
    x, z = row["x"], row["z"]
    assert isinstance(x, float)
    assert isinstance(z, float)
    return total + colours.get(str(row["c"]), 0.0) + product * x * z + 1.5


@settings(max_examples=60, deadline=None)
@given(
    numeric=st.lists(st.tuples(st.sampled_from("xz"), numbers, st.sampled_from([1, 2])), max_size=3),
    colours=st.dictionaries(st.sampled_from(["red", "green"]), numbers),
    product=numbers,
    batch=st.lists(rows, min_size=1, max_size=8),
)
def test_a_regression_table_is_what_the_specification_says(
    numeric: list[tuple[str, float, int]],
    colours: dict[str, float],
    product: float,
    batch: list[dict[str, float | str | None]],
) -> None:
    terms = "".join(
        f'<NumericPredictor name="{name}" coefficient="{value!r}" exponent="{exponent}"/>'
        for name, value, exponent in numeric
    ) + "".join(
        f'<CategoricalPredictor name="c" value="{name}" coefficient="{value!r}"/>' for name, value in colours.items()
    )
    model = (
        f'<RegressionModel functionName="regression">'
        f'{schema("x", "z", "c", target="y", extra={"c": UNSEEN})}<RegressionTable intercept="1.5">{terms}'
        f'<PredictorTerm coefficient="{product!r}"><FieldRef field="x"/><FieldRef field="z"/></PredictorTerm>'
        "</RegressionTable></RegressionModel>"
    )
    fields = [
        data_field("x"),
        data_field("z"),
        data_field("y"),
        data_field("c", "string", inside=categories("red", "green")),
    ]
    result = scored(document(fields, model), **{name: [row[name] for row in batch] for name in ("x", "z", "c")})
    wanted = [linear(numeric, colours, product, row) for row in batch]
    np.testing.assert_allclose(result.value, column(wanted), rtol=1e-9, atol=1e-9)


UNSEEN = 'invalidValueTreatment="asIs"'


@pytest.mark.parametrize(("kind", "half"), [("double", [1.5, 2.5]), ("integer", [1, 2])])
def test_a_number_made_whole_keeps_the_type_of_its_target_as_in_jpmml(kind: str, half: list[float]) -> None:
    """JPMML-Evaluator 1.7.7: 3.0 / 2 is 1.5 for a target of type double, 3 / 2 is 1 for one of type integer."""
    halved = '<Apply function="/"><FieldRef field="p"/><Constant dataType="integer">2</Constant></Apply>'
    model = (
        f'<RegressionModel functionName="regression">{schema("x", target="y")}<Output>'
        f'<OutputField name="p" feature="predictedValue"/><OutputField name="q" feature="transformedValue">{halved}'
        '</OutputField></Output><Targets><Target field="y" castInteger="round"/></Targets>'
        '<RegressionTable intercept="0"><NumericPredictor name="x" coefficient="1"/></RegressionTable>'
        "</RegressionModel>"
    )
    result = scored(document([data_field("y", kind), data_field("x")], model), x=[2.7, 5.0])
    assert result.value.tolist() == [3, 5]
    assert result.outputs["q"].tolist() == half
