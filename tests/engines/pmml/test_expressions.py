"""Expressions row by row: the specification read plainly with hypothesis, and what JPMML-Evaluator 1.7.7 answers."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.formulas import answers, apply, constant, field, formula

ROWS = [-5, 0, 1, 2, 3, 10, None]
FLOAT = float(np.float32(0.1))
NUMBERS = st.one_of(st.none(), st.integers(-50, 50).map(float), st.floats(-1e6, 1e6, allow_nan=False))
PLAIN = settings(max_examples=50, deadline=None)


def same(found: object, expected: object) -> bool:
    """Tell whether an answer is the expected one; None is missing."""
    if expected is None or found is None or isinstance(found, str) or isinstance(expected, str):
        return found == expected or (expected is None and isinstance(found, float) and math.isnan(found))
    return isinstance(found, int | float) and isinstance(expected, int | float) and float(found) == float(expected)


def check(found: Sequence[object], expected: Sequence[object]) -> None:
    assert all(same(one, other) for one, other in zip(found, expected, strict=True)), (found, expected)


ARITHMETIC: dict[str, Callable[[float, float], object]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else ("fails" if a == 0 else math.copysign(math.inf, a)),  # as JPMML: no zero is -0
    "modulo": lambda a, b: a - (math.floor(a / b) if math.isfinite(a / b) else a / b) * b if b else "fails",
}


@pytest.mark.parametrize("name", ARITHMETIC)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
@PLAIN
def test_arithmetic_is_missing_where_an_argument_is(name: str, rows: list[tuple[float | None, float | None]]) -> None:
    left, right = zip(*rows, strict=True)
    expected = [None if a is None or b is None else ARITHMETIC[name](a, b) for a, b in rows]
    define = f'<DerivedField name="y" optype="continuous" dataType="double">{field("s")}</DerivedField>'
    texts = [None if value is None else repr(value) for value in right]
    check(answers(apply(name, field("x"), field("y")), define, x=left, s=texts), expected)


FOLDS: dict[str, Callable[[list[float]], float]] = {
    "sum": lambda values: sum(values, 0.0),
    "min": min,
    "max": max,
    "avg": lambda values: functools.reduce(
        lambda mean, one: mean + (one[1] - mean) / one[0], enumerate(values, 1), 0.0
    ),
    "product": math.prod,
}


@pytest.mark.parametrize("name", FOLDS)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
@PLAIN
def test_folds_skip_what_is_missing(name: str, rows: list[tuple[float | None, float | None]]) -> None:
    define = f'<DerivedField name="y" optype="continuous" dataType="double">{field("s")}</DerivedField>'
    left, right = zip(*rows, strict=True)
    present = [[value for value in row if value is not None] for row in rows]
    expected = [FOLDS[name](values) if values else None for values in present]
    texts = [None if value is None else repr(value) for value in right]
    check(answers(apply(name, field("x"), field("y")), define, x=left, s=texts), expected)


@given(
    st.lists(st.integers(-20, 20), min_size=2, max_size=5, unique=True).map(sorted),
    st.lists(st.integers(-20, 20), min_size=5, max_size=5),
    st.lists(NUMBERS, min_size=1, max_size=8),
    st.sampled_from(["asIs", "asMissingValues", "asExtremeValues"]),
    st.sampled_from([None, 7.0]),
)
@PLAIN
def test_norm_continuous(
    origs: list[int], norms: list[int], values: list[float | None], outliers: str, missing: float | None
) -> None:
    points = list(zip(origs, norms, strict=False))

    def expected(value: float | None) -> float | None:
        if value is None:
            return missing
        if outliers != "asIs" and not origs[0] <= value <= origs[-1]:
            return (points[0] if value < origs[0] else points[-1])[1] if outliers == "asExtremeValues" else None
        place = min(max(bisect.bisect_right(origs, value) - 1, 0), len(origs) - 2)
        (low, low_norm), (high, high_norm) = points[place], points[place + 1]
        return low_norm + (value - low) / (high - low) * (high_norm - low_norm)

    inside = "".join(f'<LinearNorm orig="{orig}" norm="{norm}"/>' for orig, norm in points)
    extra = "" if missing is None else f'mapMissingTo="{missing}"'
    expression = f'<NormContinuous field="x" outliers="{outliers}" {extra}>{inside}</NormContinuous>'
    check(answers(expression, x=values), [expected(value) for value in values])


CLOSURES = ["openOpen", "openClosed", "closedOpen", "closedClosed"]
BIN = st.tuples(st.sampled_from(CLOSURES), st.none() | st.integers(-5, 5), st.none() | st.integers(-5, 5))


@given(
    st.lists(BIN, min_size=1, max_size=4),
    st.lists(st.none() | st.integers(-6, 6), min_size=1, max_size=8),
    st.sampled_from([None, "z"]),
    st.sampled_from([None, "m"]),
)
@PLAIN
def test_discretize(
    bins: list[tuple[str, int | None, int | None]], values: list[int | None], default: str | None, missing: str | None
) -> None:
    def inside(value: int, closure: str, low: int | None, high: int | None) -> bool:
        above = low is None or value > low or (closure.startswith("closed") and value == low)
        return above and (high is None or value < high or (closure.endswith("Closed") and value == high))

    def expected(value: int | None) -> str | None:
        if value is None:
            return missing
        return next((f"b{n}" for n, one in reversed(list(enumerate(bins))) if inside(value, *one)), default)

    pieces = "".join(
        f'<DiscretizeBin binValue="b{n}"><Interval closure="{closure}"'
        + ("" if low is None else f' leftMargin="{low}"')
        + ("" if high is None else f' rightMargin="{high}"')
        + "/></DiscretizeBin>"
        for n, (closure, low, high) in enumerate(bins)
    )
    extra = "" if default is None else f'defaultValue="{default}" '
    extra += "" if missing is None else f'mapMissingTo="{missing}"'
    check(answers(f'<Discretize field="i" {extra}>{pieces}</Discretize>', i=values), [expected(v) for v in values])


KEYS = st.tuples(st.sampled_from("abc"), st.integers(0, 2))


@given(
    st.dictionaries(KEYS, st.integers(0, 9), min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from(["a", "b", "d", None]), st.sampled_from([0, 1, 5, None])), min_size=1),
    st.sampled_from([None, 8]),
    st.sampled_from([None, 9]),
)
@PLAIN
def test_map_values(
    table: dict[tuple[str, int], int],
    rows: list[tuple[str | None, int | None]],
    default: int | None,
    missing: int | None,
) -> None:
    lines = "".join(f"<row><k>{k}</k><j>{j}</j><o>{cell}</o></row>" for (k, j), cell in table.items())
    extra = "" if default is None else f'defaultValue="{default}" '
    extra += "" if missing is None else f'mapMissingTo="{missing}"'
    expression = (
        f'<MapValues outputColumn="o" dataType="integer" {extra}><FieldColumnPair field="s" column="k"/>'
        f'<FieldColumnPair field="i" column="j"/><InlineTable>{lines}</InlineTable></MapValues>'
    )
    expected = [
        missing if s is None or i is None else next((c for key, c in table.items() if key == (s, i)), default)
        for s, i in rows
    ]
    left, right = zip(*rows, strict=True)
    check(answers(expression, s=left, i=right), expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (apply("equal", field("i"), constant(2.5)), ["fails"] * 7),
        (apply("equal", field("i"), constant("2.0")), [False, False, False, True, False, False, "fails"]),
        (apply("lessThan", field("i"), constant(2.5)), [True, True, True, True, False, False, "fails"]),
        (apply("equal", field("x"), constant("3", "string")), [False, False, False, False, True, False, "fails"]),
        (apply("isIn", field("i"), constant(1), constant(2.0)), [False, False, True, True, False, False, False]),
        (
            apply("isIn", field("i"), constant(1), '<Constant missing="true"/>'),
            [False, False, True] + [False] * 3 + [True],
        ),
        (apply("isMissing", field("x")), [False] * 6 + [True]),
        (apply("/", field("i"), constant(2)), [-2, 0, 0, 1, 1, 5, None]),
        (apply("/", field("i"), constant(0)), ["fails"] * 6 + [None]),
        (apply("modulo", field("i"), constant(3)), [1, 0, 1, 2, 0, 1, None]),
        (apply("pow", field("i"), constant(-1)), ["fails"] * 7),
        (apply("*", field("i"), constant(2_000_000_000)), ["fails", 0, 2_000_000_000, "fails", "fails", "fails", None]),
        (apply("threshold", field("x"), constant(1.5)), [0, 0, 0, 1, 1, 1, "fails"]),
        (apply("if", apply("lessThan", field("x"), constant(1)), constant("y")), ["y", "y"] + [None] * 4 + ["fails"]),
        (
            apply("sqrt", field("x"), extra='invalidValueTreatment="asMissing" defaultValue="9"'),
            [9, 0.0, 1.0, 2**0.5, 3**0.5, 10**0.5, "fails"],
        ),
    ],
)
def test_answers_of_the_judge(expression: str, expected: list[object]) -> None:
    check(answers(expression, x=ROWS, i=ROWS), expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (apply("equal", field("f"), constant(0.1)), True),
        (apply("equal", constant(0.1), field("f")), False),
        (apply("lessOrEqual", field("f"), constant(0.1)), True),
        (apply("lessThan", constant(0.1), field("f")), True),
        (apply("exp", field("f")), math.exp(FLOAT)),
        (apply("sqrt", field("f")), 0.3162277683729184),
        (apply("ln", field("f")), -2.3025850780928847),
        (apply("pow", field("f"), constant(2)), float(np.float32(0.010000001))),
        (apply("avg", field("f"), constant(2)), float(np.float32(1.05))),
        (apply("/", field("f"), constant(3)), float(np.float32(0.033333335))),
        (apply("/", field("f"), constant(3, "double")), 0.033333333830038704),
        (apply("hypot", field("f"), field("f")), 0.14142135834465194),
    ],
)
def test_floats_have_32_bits_only_where_java_gives_them_32(expression: str, expected: object) -> None:
    assert answers(expression, f=[0.1]) == [pytest.approx(expected, rel=1e-15)]


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.49999999999999994, 0), (-0.5, 0), (-1.5, -1), (2.5, 3), (-2.5, -2), (1e9, 10**9), (1e300, "fails")],
)
def test_round_rounds_halves_up(value: float, rounded: object) -> None:
    assert answers(apply("round", field("x")), x=[value]) == [rounded]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("erf", (), [0.5204998778130466, -0.8427007929497151, 0.0]),
        ("stdNormalCDF", (), [0.691462461274013, 0.15865525393145702, 0.5]),
        ("stdNormalPDF", (), [0.3520653267642995, 0.24197072451914337, 0.3989422804014327]),
        ("stdNormalIDF", (), [0.0, "fails", -math.inf]),
        ("normalCDF", (0.2, 1.5), [0.579259709439103, 0.2118553985833968, 0.446964883376386]),
        ("normalPDF", (0.2, 1.5), [0.2606951293169706, 0.19312770184098849, 0.26360789392387846]),
        ("normalIDF", (0.2, 1.5), [0.2, "fails", -math.inf]),
        ("normalCDF", (0.2, -1.5), ["fails", "fails", "fails"]),
    ],
)
def test_normal_distribution(function: str, arguments: tuple[float, ...], expected: list[object]) -> None:
    expression = apply(function, field("x"), *(constant(value, "double") for value in arguments))
    found = answers(expression, x=[0.5, -1.0, 0.0, None])
    assert found == [*(one if isinstance(one, str) else pytest.approx(one, rel=1e-14) for one in expected), "fails"]


def test_if_maps_the_missing_value_of_the_branch_it_takes() -> None:
    branch = apply(
        "if", apply("lessThan", field("i"), constant(1)), field("x"), constant(3.5), extra='mapMissingTo="4"'
    )
    assert answers(branch, i=[0, 0, 2, None], x=[None, 1, None, 1]) == [4.0, 1.0, 3.5, "fails"]


def test_blanks_are_part_of_a_constant_and_of_a_table() -> None:
    assert answers(apply("concat", field("s"), constant(" ", "string"), field("s")), s=["ab"]) == ["ab ab"]
    table = "<InlineTable><row><k> a</k><o> b </o></row><row><k>a</k><o>c</o></row></InlineTable>"
    mapped = f'<MapValues outputColumn="o"><FieldColumnPair field="s" column="k"/>{table}</MapValues>'
    assert answers(mapped, s=["a", " a"]) == ["c", " b "]


@pytest.mark.parametrize(
    "expression",
    [
        apply("no.such.Function", field("x")),
        apply("+", field("s"), constant(1)),
        apply("lessThan", field("s"), constant("b")),
        apply("substring", field("s"), constant(1)),
        apply("-", field("x")),
        '<NormContinuous field="x"><LinearNorm orig="0" norm="5"/></NormContinuous>',
    ],
)
def test_what_has_no_sure_meaning_is_refused(expression: str) -> None:
    with pytest.raises((ModelUnsupported, ModelRejected), match=r"\(line 1\)"):
        compile_pmml(formula(expression))


def test_strings_and_numbers_are_compared_in_the_type_of_the_first() -> None:
    rows: dict[str, list[object]] = {"x": [5, 5, 5, 5, 5], "s": ["5", "5.0", "a", "7", None]}
    assert answers(apply("equal", field("x"), field("s")), **rows) == [True, True, "fails", False, "fails"]
    assert answers(apply("equal", field("s"), field("x")), **rows) == [False, True, False, False, "fails"]
    assert answers(apply("lessThan", field("x"), field("s")), **rows) == [False, False, "fails", True, "fails"]


def test_map_missing_to_of_a_defined_function_is_for_missing_arguments() -> None:
    define = (
        '<DefineFunction name="g" optype="continuous" dataType="double"><ParameterField name="p"/>'
        f'<ParameterField name="q"/>{apply("+", field("p"), apply("exp", field("q")))}</DefineFunction>'
    )
    rows: dict[str, list[object]] = {"i": [2, 2, None], "x": [0, None, 0]}
    assert answers(apply("g", field("i"), field("x")), define, **rows) == [
        3.0,
        "fails",
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert answers(apply("g", field("i"), field("x"), extra='mapMissingTo="5"'), define, **rows) == [3.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("5", "5"), ("5.", "5.0"), (".5", "0.5"), ("1e5", "1e5"), ("5 ", "5 "), ("true", "true"), ("", "")],
)
def test_a_constant_without_a_type_is_what_it_looks_like(text: str, shown: str) -> None:
    assert answers(apply("concat", field("s"), constant(text)), s=["a"]) == [f"a{shown}"]


@pytest.mark.parametrize("literal", [constant(".5", "integer"), constant("NaN"), constant("\uff11", "double")])
def test_constants_that_are_no_values_are_refused(literal: str) -> None:
    with pytest.raises(ModelUnsupported):
        compile_pmml(formula(literal))
