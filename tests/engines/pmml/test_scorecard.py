"""Scorecards against a slow, obvious reading of the specification, row by row, and against what JPMML answers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from tests.engines.pmml.documents import data_field, document, schema, scored

FIELDS = (data_field("y"), data_field("x"), data_field("g", "string"), data_field("z"))
RANKS = (1, 2, 3, 5)


def simple(field: str, operator: str, value: object = None) -> str:
    text = "" if value is None else f' value="{value}"'
    return f'<SimplePredicate field="{field}" operator="{operator}"{text}/>'


def attribute(predicate: str, score: float | None, reason: str = "", inside: str = "") -> str:
    points = "" if score is None else f' partialScore="{score}"'
    code = f' reasonCode="{reason}"' if reason else ""
    return f"<Attribute{points}{code}>{predicate}{inside}</Attribute>"


def characteristic(name: str, *attributes: str, reason: str = "", baseline: float | None = None) -> str:
    code = f' reasonCode="{reason}"' if reason else ""
    base = "" if baseline is None else f' baselineScore="{baseline}"'
    return f'<Characteristic name="{name}"{code}{base}>{"".join(attributes)}</Characteristic>'


def model(*characteristics: str, attributes: str = 'initialScore="5"', targets: str = "", told: bool = True) -> bytes:
    ranks = "".join(f'<OutputField name="rc{rank}" feature="reasonCode" rank="{rank}"/>' for rank in RANKS)
    return document(
        FIELDS,
        f'<Scorecard functionName="regression" {attributes}>{schema("x", "g", "z", target="y")}'
        f"<Output>{ranks if told else ''}</Output>{targets}"
        f"<Characteristics>{''.join(characteristics)}</Characteristics></Scorecard>",
    )


X = characteristic(
    "cx",
    attribute(simple("x", "isMissing"), 10, "xm"),
    attribute(simple("x", "lessThan", 5), 20, "x5"),
    attribute(simple("x", "greaterOrEqual", 5), 30),
    reason="cx",
    baseline=18,
)
G = characteristic(
    "cg",
    attribute(simple("g", "isMissing"), 1, "gm"),
    attribute(simple("g", "equal", "M"), 15, "gM"),
    attribute(simple("g", "equal", "F"), 25, "gF"),
    reason="cg",
    baseline=19,
)
TWICE = (
    '<ComplexPartialScore><Apply function="*"><FieldRef field="z"/><Constant>2</Constant></Apply></ComplexPartialScore>'
)
Z = characteristic("cz", attribute("<True/>", None, "zz", TWICE), baseline=10)
ROWS: dict[str, list[object]] = {
    "x": [1, 7, None, 7, 3, 3],
    "g": ["M", "F", "M", None, "Q", "M"],
    "z": [3, 3, 1, 100, 1, None],
}


@pytest.mark.parametrize(
    ("algorithm", "reasons"),
    [
        ("pointsBelow", [("gM", "zz"), ("zz",), ("xm", "zz", "gM"), ("gm",)]),
        ("pointsAbove", [("x5",), ("cx", "gF"), (), ("zz", "cx")]),
    ],
)
def test_answers_of_jpmml(algorithm: str, reasons: list[tuple[str, ...]]) -> None:
    result = scored(model(X, G, Z, attributes=f'initialScore="5" reasonCodeAlgorithm="{algorithm}"'), **ROWS)
    assert result.value[:4].tolist() == [46.0, 66.0, 32.0, 236.0]
    assert list(result.reasons) == [4, 5]
    for row, wanted in enumerate(reasons):
        assert [result.outputs[f"rc{rank}"][row] for rank in (1, 2, 3)] == [*wanted, None, None, None][:3]
        assert result.outputs["rc5"][row] is None


def plain(name: str, field: str, score: float, reason: str, baseline: float) -> str:
    """Return a characteristic with `score` where a field is positive, else the baseline."""
    parts = attribute(simple(field, "greaterThan", 0), score), attribute("<True/>", baseline)
    return characteristic(name, *parts, reason=reason, baseline=baseline)


@pytest.mark.parametrize(
    ("characteristics", "wanted"),
    [
        ((plain("a", "x", 10, "A", 10), plain("b", "z", 5, "B", 5)), "AB"),
        ((plain("a", "x", 8, "A", 10), plain("b", "z", 5, "B", 9), plain("c", "x", 3, "A", 5)), "AB"),
        ((plain("a", "x", 12, "A", 10), plain("b", "z", 5, "B", 9), plain("c", "x", 3, "A", 8)), "BA"),
        ((plain("a", "x", 8, "A", 10), plain("b", "z", 5, "B", 9), plain("c", "x", 9, "A", 8)), "BA"),
        ((plain("b", "z", 5, "Z", 9), plain("a", "x", 8, "A", 12)), "ZA"),
    ],
)
def test_reasons_are_summed_and_of_equal_ones_the_first_met_leads(
    characteristics: tuple[str, ...], wanted: str
) -> None:
    result = scored(model(*characteristics), x=[1.0], z=[1.0])
    assert [result.outputs[f"rc{rank}"][0] for rank in (1, 2, 3)] == [*wanted, None]


def test_the_baseline_may_be_that_of_all() -> None:
    without = X.replace(' baselineScore="18"', "")
    result = scored(model(without, attributes='baselineScore="25"'), x=[1.0, 7.0])
    assert result.value.tolist() == [20.0, 30.0]
    assert result.outputs["rc1"].tolist() == ["x5", None]


def test_targets_rescale_the_score_and_not_the_reasons() -> None:
    targets = '<Targets><Target field="y" rescaleFactor="2" rescaleConstant="1"/></Targets>'
    result = scored(model(X, G, targets=targets), x=[1.0], g=["M"])
    assert result.value.tolist() == [81.0]
    assert result.outputs["rc1"].tolist() == ["gM"]


def test_a_scorecard_without_reasons_needs_none() -> None:
    part = characteristic("n", attribute(simple("z", "greaterThan", 0), 7))
    assert scored(model(part, attributes='useReasonCodes="false"', told=False), z=[3.0]).value.tolist() == [7.0]


@pytest.mark.parametrize(
    ("document_", "refusal"),
    [
        (model(X, G, attributes='useReasonCodes="false"'), ModelUnsupported),
        (model(X.replace(' baselineScore="18"', "")), ModelRejected),
        (model(X.replace(' reasonCode="cx"', "")), ModelRejected),
        (model(X.replace(' partialScore="20"', "")), ModelRejected),
        (model(X.replace(' partialScore="20"', ' partialScore="INF"')), ModelRejected),
        (model(X, attributes='reasonCodeAlgorithm="other"'), ModelUnsupported),
        (model(Z.replace(TWICE, TWICE.replace("Apply", "Aggregate"))), ModelUnsupported),
        (model(X).replace(b'rank="5"', b'rank="5000"'), ModelUnsupported),
        (model(), ModelRejected),
        (model(X).replace(b'"regression"', b'"classification"'), ModelUnsupported),
    ],
)
def test_what_is_not_sure_is_refused(document_: bytes, refusal: type[ModelRejected]) -> None:
    with pytest.raises(refusal, match="line 1"):
        scored(document_, x=[1.0])


@dataclass(frozen=True)
class Part:
    """A characteristic: points from each of some thresholds up, else those of the last attribute."""

    field: str
    steps: tuple[tuple[float, float, str], ...]
    otherwise: float
    baseline: float

    def points(self, row: dict[str, float | None]) -> tuple[float, str]:
        value = row[self.field]
        for threshold, points, reason in self.steps:
            if value is not None and value >= threshold:
                return points, reason
        return self.otherwise, "other"

    def xml(self) -> str:
        steps = [attribute(simple(self.field, "greaterOrEqual", low), points, why) for low, points, why in self.steps]
        return characteristic("p", *steps, attribute("<True/>", self.otherwise), reason="other", baseline=self.baseline)


points = st.integers(-8, 8).map(float)
steps = st.lists(st.tuples(points, points, st.sampled_from("ABC")), max_size=3).map(tuple)
parts = st.builds(Part, st.sampled_from("xz"), steps, points, points)
values = st.one_of(st.none(), points, st.just(float("inf")))


@settings(max_examples=60, deadline=None)
@given(st.lists(parts, min_size=1, max_size=5), st.lists(st.tuples(values, values), min_size=1, max_size=5))
def test_random_scorecards_add_up(cards: list[Part], rows: list[tuple[float | None, float | None]]) -> None:
    result = scored(model(*[one.xml() for one in cards]), x=[x for x, _ in rows], z=[z for _, z in rows])
    for row, (x, z) in enumerate(rows):
        sums: dict[str, float] = {}
        total = 5.0
        for one in cards:
            given_points, reason = one.points({"x": x, "z": z})
            total += given_points
            sums[reason] = sums.get(reason, 0.0) + one.baseline - given_points
        told = sorted((reason for reason in sums if sums[reason] >= 0), key=lambda reason: -sums[reason])
        assert result.value[row] == total
        assert [result.outputs[f"rc{rank}"][row] for rank in (1, 2, 3)] == [*told, None, None, None][:3]
