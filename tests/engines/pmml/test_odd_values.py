"""Odd values and what becomes of them, row by row; the expected values are JPMML-Evaluator 1.7.7's where it has any."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, data_field, document, schema
from tests.engines.pmml.formulas import TYPES, answers, apply, constant, field, formula

LEAST, MOST = -(2**31), 2**31 - 1


def derived(kind: str, expression: str) -> str:
    optype = "continuous" if kind in {"double", "float", "integer"} else "categorical"
    return f'<DerivedField name="q" optype="{optype}" dataType="{kind}">{expression}</DerivedField>'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (apply("+", field("i"), constant(0)), LEAST),
        (apply("-", constant(-1), constant(MOST)), LEAST),
        (apply("/", field("i"), constant(-1)), "fails"),
        (apply("min", field("i"), constant(7)), LEAST),
        (apply("floor", field("i")), LEAST),
        (apply("-", field("i"), constant(1)), "fails"),
    ],
)
def test_integers_have_32_bits_and_one_more_below_zero_than_above(expression: str, expected: object) -> None:
    assert answers(expression, i=[LEAST]) == [expected]


@pytest.mark.parametrize("value", [2.0**31, -(2.0**31) - 1, 1e308, math.inf, 2.5])
def test_what_is_no_integer_of_32_bits_is_not_made_one(value: float) -> None:
    assert answers(field("q"), derived("integer", field("x")), x=[value, 2.0**31 - 1]) == ["fails", MOST]
    assert answers(apply("abs", field("q")), derived("integer", field("x")), x=[value, -(2.0**31)])[0] == "fails"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (apply("/", constant(1.0), field("x")), math.inf),
        (apply("/", constant(1.0), apply("*", field("x"), constant(-1.0))), math.inf),
        (apply("concat", field("x"), constant("|", "string")), "0.0|"),
        (apply("concat", apply("*", field("x"), constant(-1.0)), constant("|", "string")), "0.0|"),
        (apply("atan2", field("x"), constant(-1.0)), math.pi),
        (apply("formatNumber", field("x"), constant("%.2f")), "0.00"),
        (apply("formatNumber", field("x"), constant("%s")), "0.0"),
        (apply("stringLength", field("x")), 3),
    ],
)
def test_zero_has_no_sign(expression: str, expected: object) -> None:
    assert answers(expression, x=[-0.0, 0.0]) == [expected, expected]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("f", 1e-45, "1.4E-45"),
        ("f", 1e-44, "9.8E-45"),
        ("x", 5e-324, "4.9E-324"),
        ("x", 1e-323, "9.9E-324"),
        ("x", 1e16, "1.0E16"),
        ("x", 1e-5, "1.0E-5"),
        ("x", 123456.789, "123456.789"),
        ("f", 16777217, "1.6777216E7"),
    ],
)
def test_numbers_become_text_as_java_writes_them(kind: str, value: float, text: str) -> None:
    assert answers(apply("concat", field(kind), constant("", "string")), **{kind: [value]}) == [text]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((math.inf, 1e16), "fails"),
        ((1e16, math.inf), math.inf),
        ((0.1, 0.2, 0.3), 0.2),
        ((0.1, None, 0.3), 0.2),
        ((1e308, 1e308), 1e308),
    ],
)
def test_averages_are_moved_from_value_to_value(values: Sequence[float | None], expected: object) -> None:
    missing = '<Constant missing="true" dataType="double"/>'
    arguments = [missing if value is None else constant(value, "double") for value in values[1:]]
    expression = apply("avg", field("x"), *(one.replace("inf", "INF") for one in arguments))
    assert answers(expression, x=[values[0]]) == [expected]


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("%.2f", ["Infinity", "-Infinity"]),
        ("%+.1f", ["+Infinity", "-Infinity"]),
        ("%010.2f", ["  Infinity", " -Infinity"]),
        ("%-10.1f|", ["Infinity  |", "-Infinity |"]),
        ("%10s", ["  Infinity", " -Infinity"]),
        ("%,.2f", ["Infinity", "-Infinity"]),
    ],
)
def test_infinities_are_formatted(pattern: str, texts: list[str]) -> None:
    assert answers(apply("formatNumber", field("x"), constant(pattern)), x=[math.inf, -math.inf]) == texts


def validity(function: str, treatment: str, *, derived_first: bool = False) -> bytes:
    name = "q" if derived_first else "x"
    output = f"<OutputField name='o' feature='transformedValue'>{apply(function, field(name))}</OutputField>"
    model = (
        f'<RegressionModel functionName="regression">{schema("x", extra={"x": treatment})}<Output>{output}</Output>'
        f"<LocalTransformations>{derived('double', field('x'))}</LocalTransformations>"
        '<RegressionTable intercept="0"/></RegressionModel>'
    )
    interval = '<Interval closure="closedClosed" leftMargin="0" rightMargin="5"/>'
    return document([data_field("x", inside=interval)], model)


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("", [[False, True, "fails"], [False, False, "fails"]]),
        ('invalidValueTreatment="returnInvalid"', [[False, True, "fails"], [False, False, "fails"]]),
        ('invalidValueTreatment="asMissing"', [[False, True, False], [False, False, False]]),
        (
            'invalidValueTreatment="asValue" invalidValueReplacement="3"',
            [[False, True, True], [False, False, False]],
        ),
    ],
)
@pytest.mark.parametrize("derived_first", [False, True])
def test_what_is_missing_is_neither_valid_nor_not(
    treatment: str, expected: list[list[object]], *, derived_first: bool
) -> None:
    for function, wanted in zip(("isValid", "isNotValid"), expected, strict=True):
        model = compile_pmml(validity(function, treatment, derived_first=derived_first))
        found = model.score(3, {"x": np.array([math.nan, 1.0, 7.0])})
        cells = found.outputs["o"].tolist()
        assert ["fails" if row in found.reasons else cell for row, cell in enumerate(cells)] == wanted


@pytest.mark.parametrize("derived_first", [False, True])
def test_validity_of_invalid_values_that_are_kept_is_refused(*, derived_first: bool) -> None:
    with pytest.raises(ModelUnsupported, match=r"<Apply> \(line 1\) applies the function 'isValid'"):
        compile_pmml(validity("isValid", 'invalidValueTreatment="asIs"', derived_first=derived_first))


ODD: list[object] = [
    *(10**400, -(10**400), 10**5000, 2**64, True, np.int64(3), np.float32(2.5), b"x", [1], (1, 2), {}, object()),
    *("\ud800", "\x00", "", "1e400", "\u0663", dt.date(2020, 2, 3), np.datetime64("NaT")),
]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_any_object_is_a_value_or_fails_its_row_alone(name: str) -> None:
    given = np.empty(len(ODD) + 1, dtype=object)
    given[:-1] = ODD
    result = compile_pmml(formula(apply("isMissing", field(name)))).score(len(given), {name: given})
    assert len(ODD) not in result.reasons
    assert result.outputs["o"].tolist()[-1] is True
    for row, value in enumerate(ODD):
        lone = np.empty(1, dtype=object)
        lone[0] = value
        again = compile_pmml(formula(apply("isMissing", field(name)))).score(1, {name: lone})
        assert list(again.reasons.values()) == ([result.reasons[row]] if row in result.reasons else [])


@pytest.mark.parametrize(
    "values", [np.array([1, 2]), np.array([True, False]), np.array(["1", "0"]), np.array([1.0, math.inf])]
)
@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_column_of_any_kind_of_array_is_read(name: str, values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> None:
    result = compile_pmml(formula(field(name))).score(2, {name: values})
    assert set(result.reasons) <= {0, 1}
    if name in {"d", "t", "m"}:
        assert set(result.reasons) == {0, 1}


def test_moments_are_read_as_their_own_text() -> None:
    moment = dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=dt.UTC).replace(tzinfo=None)
    assert answers(field("m"), m=[moment, None]) == ["2020-02-03T04:05:06", None]
    assert answers(field("d"), d=[moment.date(), np.datetime64("2020-02-04")]) == ["2020-02-03", "2020-02-04"]
    assert answers(field("t"), t=[moment.time(), "x"]) == ["04:05:06", "fails"]


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, 3.0])
def test_numbers_are_no_dates(value: float) -> None:
    assert answers(apply("formatDatetime", field("m"), constant("%Y")), m=[value]) == ["fails"]
    assert answers(field("d"), d=[value]) == ["fails"]


def test_a_model_without_probabilities_may_have_priors() -> None:
    rules = '<RuleSet><RuleSelectionMethod criterion="firstHit"/><SimpleRule score="a"><True/></SimpleRule></RuleSet>'
    priors = "".join(f'<TargetValue value="{name}" priorProbability="0.5"/>' for name in "ab")
    model = (
        f'<RuleSetModel functionName="classification">{schema("x", target="y")}<Targets><Target field="y">{priors}'
        f"</Target></Targets>{rules}</RuleSetModel>"
    )
    data = document([data_field("y", "string", inside=categories("a", "b")), data_field("x")], model)
    assert compile_pmml(data).score(1, {"x": np.array([1.0])}).value.tolist() == ["a"]


@pytest.mark.parametrize("rank", ["0", "-1"])
def test_a_rank_below_one_is_rejected(rank: str) -> None:
    output = f'<Output><OutputField name="o" feature="entityId" rank="{rank}"/></Output>'
    model = (
        f'<TreeModel functionName="regression">{schema("x", target="z")}{output}<Node id="1" score="1"><True/></Node>'
        "</TreeModel>"
    )
    with pytest.raises(ModelRejected, match=r"<OutputField> \(line 1\)"):
        compile_pmml(document([data_field("z"), data_field("x")], model))
