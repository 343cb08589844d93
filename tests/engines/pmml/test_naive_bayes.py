"""Naive Bayes against the specification's product of likelihoods, row by row, and against what JPMML answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

CLASSES = ("a", "b", "c")
FIELDS = (
    data_field("y", "string", inside=categories(*CLASSES)),
    data_field("g", "string"),
    data_field("x"),
    data_field("z"),
)
PRIORS = {"a": 10.0, "b": 20.0, "c": 5.0}


def counts(values: Mapping[str, float]) -> str:
    inside = "".join(f'<TargetValueCount value="{one}" count="{count}"/>' for one, count in values.items())
    return f"<TargetValueCounts>{inside}</TargetValueCounts>"


def pairs(field: str, table: Mapping[str, Mapping[str, float]], derived: str = "") -> str:
    inside = "".join(f'<PairCounts value="{value}">{counts(row)}</PairCounts>' for value, row in table.items())
    return f'<BayesInput fieldName="{field}">{derived}{inside}</BayesInput>'


def stats(field: str, distributions: dict[str, str]) -> str:
    inside = "".join(f'<TargetValueStat value="{one}">{xml}</TargetValueStat>' for one, xml in distributions.items())
    return f'<BayesInput fieldName="{field}"><TargetValueStats>{inside}</TargetValueStats></BayesInput>'


def normal(mean: float, variance: float) -> str:
    return f'<GaussianDistribution mean="{mean}" variance="{variance}"/>'


def model(*inputs: str, priors: dict[str, float] | None = None, threshold: str = "0.01", attributes: str = "") -> bytes:
    output = f'<BayesOutput fieldName="y">{counts(PRIORS if priors is None else priors)}</BayesOutput>'
    return document(
        FIELDS,
        f'<NaiveBayesModel functionName="classification" threshold="{threshold}" {attributes}>'
        f"{schema('g', 'x', 'z', target='y')}<BayesInputs>{''.join(inputs)}</BayesInputs>{output}</NaiveBayesModel>",
    )


G = pairs("g", {"M": {"a": 3, "b": 0, "c": 4}, "F": {"a": 1, "b": 5, "c": 1}})
G0 = pairs("g", {"M": {"a": 3, "b": 0, "c": 4}, "F": {"a": 1, "b": 5, "c": 0}})
X = stats("x", {"a": normal(0, 1), "b": normal(2, 4), "c": normal(5, 0.5)})
BINS = "".join(
    f'<DiscretizeBin binValue="{value}"><Interval closure="closedOpen" leftMargin="{low}" rightMargin="{high}"/>'
    "</DiscretizeBin>"
    for value, low, high in ((1, -10, 10), (2, 10, 20), (3, 20, 30))
)
Z = pairs(
    "z",
    {"1": {"a": 10, "b": 20, "c": 30}, "2": {"a": 1, "b": 2, "c": 0}},
    f'<DerivedField optype="categorical" dataType="string"><Discretize field="z">{BINS}</Discretize></DerivedField>',
)
POISSON = stats(
    "x", {one: f'<PoissonDistribution mean="{mean}"/>' for one, mean in zip("abc", (2, 5, 1.5), strict=True)}
)


@pytest.mark.parametrize(
    ("inputs", "row", "label", "expected"),
    [
        ((X,), {"x": 0.0}, "a", (0.6176408856336438, 0.374618133828869, 0.007740980537487124)),
        ((X,), {"x": 3.7}, "b", (0.02940857449572333, 0.8175139232468569, 0.15307750225741984)),
        ((X,), {"x": 100.0}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714288)),
        ((X,), {"x": None}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714285)),
        ((POISSON,), {"x": 0.0}, "a", (0.5070629412332555, 0.074934330369226, 0.4180027283975185)),
        ((POISSON,), {"x": 7.0}, "b", (0.04466484542411005, 0.933002731863835, 0.022332422712055024)),
        ((POISSON,), {"x": -1.0}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714288)),
        ((Z,), {"z": 5.0}, "b", (0.28169014084507055, 0.5633802816901408, 0.1549295774647887)),
        ((Z,), {"z": 15.0}, "b", (0.3273322422258593, 0.6546644844517183, 0.01800327332242227)),
        (
            (Z.replace(' dataType="string"', ""),),
            {"z": 15.0},
            "b",
            (0.3273322422258593, 0.6546644844517183, 0.01800327332242227),
        ),
        ((Z,), {"z": 25.0}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714285)),
        ((Z,), {"z": 35.0}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714285)),
        ((G,), {"g": "unseen"}, "b", (0.2857142857142858, 0.5714285714285714, 0.14285714285714285)),
        ((X, G0), {"x": 1.0, "g": "M"}, "a", (0.9551541488570046, 0.01852988114965196, 0.02631596999334351)),
    ],
)
def test_answers_of_jpmml(
    inputs: tuple[str, ...], row: dict[str, object], label: str, expected: tuple[float, ...]
) -> None:
    result = scored(model(*inputs), **{name: [value] for name, value in row.items()})
    assert result.value.tolist() == [label]
    assert result.labels == CLASSES
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], expected, rtol=1e-12)


def test_a_positive_count_is_not_lifted_to_the_threshold() -> None:
    table = {"1": {"a": 1, "b": 20, "c": 30}, "2": {"a": 999, "b": 2, "c": 7}}
    result = scored(model(pairs("x", table)), x=[1.0, 2.0, 1.5])
    expected = np.array(
        [
            (4.4952159636495e-4, 0.8173119933908175, 0.1822384850128174),
            (0.7832758291866776, 0.1425563434683187, 0.07416782734500366),
            (0.2857142857142858, 0.5714285714285714, 0.14285714285714285),
        ]
    )
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities, expected, rtol=1e-12)


def test_sixty_fields_do_not_underflow() -> None:
    result = scored(model(*[X] * 60, threshold="1e-30"), x=[0.0])
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], (1.0, 1.6232888243388742e-31, 0.0), rtol=1e-10, atol=1e-200)


def test_a_category_without_prior_is_impossible() -> None:
    without = {"a": 3, "b": 0, "c": 4}
    result = scored(model(pairs("g", {"M": without}), priors={"a": 10, "b": 20, "c": 0}), g=["M"])
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], (0.9803921568627451, 0.0196078431372549, 0.0), rtol=1e-12)


def test_the_threshold_in_an_extension_is_only_for_zero() -> None:
    """As R's e1071 answers, for which such documents were written (see NaiveBayesIris of the corpus)."""
    result = scored(model(f"<Extension>{X}</Extension>"), x=[0.0, 100.0])
    likelihoods = [density(0.0, *one) * prior for one, prior in zip(NORMALS, PRIORS.values(), strict=True)]
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], np.array(likelihoods) / sum(likelihoods), rtol=1e-12)
    np.testing.assert_allclose(result.probabilities[1], np.array([10, 20, 5]) / 35, rtol=1e-12)


def test_rows_that_no_category_explains_fail() -> None:
    result = scored(model(G, threshold="0", priors={"a": 0, "b": 20, "c": 0}), g=["M", "F"])
    assert list(result.reasons) == [0]
    assert result.value[1] == "b"


def test_fractions_have_no_poisson_probability() -> None:
    assert list(scored(model(POISSON), x=[2.5, 2.0]).reasons) == [0]


@pytest.mark.parametrize(
    ("document_", "refusal"),
    [
        (model(pairs("g", {"M": {"a": 1, "b": 2}})), ModelUnsupported),
        (model(pairs("g", {"M": {"a": 1, "b": 2, "c": 1, "d": 4}})), ModelUnsupported),
        (model(stats("x", {"a": normal(0, 1), "b": normal(0, 1)})), ModelUnsupported),
        (model(stats("x", dict.fromkeys(CLASSES, normal(0, 0)))), ModelRejected),
        (model(stats("g", dict.fromkeys(CLASSES, normal(0, 1)))), ModelRejected),
        (model(stats("x", dict.fromkeys(CLASSES, '<UniformDistribution lower="0" upper="1"/>'))), ModelUnsupported),
        (model(pairs("g", {"M": {"a": -1, "b": 2, "c": 1}})), ModelRejected),
        (model(Z.replace('<Discretize field="z">', '<Discretize field="x">')), ModelUnsupported),
        (model(G, threshold="-1"), ModelRejected),
        (model(G, attributes='mathContext="float"'), ModelUnsupported),
        (model(f"<Extension>{X.replace('mean=', 'median=')}</Extension>"), ModelUnsupported),
    ],
)
def test_what_is_not_sure_is_refused(document_: bytes, refusal: type[ModelRejected]) -> None:
    with pytest.raises(refusal, match="line 1"):
        scored(document_, g=["M"])


NORMALS = ((0.0, 1.0), (2.0, 4.0), (5.0, 0.5))


def density(x: float, mean: float, variance: float) -> float:
    return math.exp(-((x - mean) * (x - mean)) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


@dataclass(frozen=True)
class Case:
    table: dict[str, tuple[int, ...]]
    normals: tuple[tuple[float, float], ...]
    priors: tuple[int, ...]
    threshold: float

    def xml(self) -> bytes:
        table = {value: dict(zip(CLASSES, map(float, row), strict=True)) for value, row in self.table.items()}
        gaussians = {one: normal(*pair) for one, pair in zip(CLASSES, self.normals, strict=True)}
        priors = dict(zip(CLASSES, map(float, self.priors), strict=True))
        return model(pairs("g", table), stats("x", gaussians), priors=priors, threshold=repr(self.threshold))

    def likelihoods(self, g: str | None, x: float | None) -> list[float]:
        result = []
        for place in range(len(CLASSES)):
            likelihood = float(self.priors[place])
            if g in self.table:
                count, total = self.table[g][place], sum(row[place] for row in self.table.values())
                likelihood *= count / total if count else self.threshold
            if x is not None and not math.isnan(x):
                likelihood *= max(density(x, *self.normals[place]), self.threshold)
            result.append(likelihood)
        return result


row_counts = st.tuples(*[st.integers(0, 50)] * 3).filter(any)
cases = st.builds(
    Case,
    st.dictionaries(st.sampled_from(["M", "F", "1", "é"]), row_counts, min_size=1),
    st.tuples(*[st.tuples(st.floats(-5, 5), st.floats(0.1, 9))] * 3),
    st.tuples(*[st.integers(0, 40)] * 3).filter(any),
    st.sampled_from([0.5, 0.01, 1e-6]),
)
rows = st.lists(
    st.tuples(
        st.sampled_from(["M", "F", "1", "é", "unseen", None]),
        st.one_of(st.none(), st.floats(-20, 20), st.sampled_from([math.nan, math.inf, -math.inf, 1e300])),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(cases, rows)
def test_random_models_are_the_product_of_likelihoods(
    case: Case, given_rows: list[tuple[str | None, float | None]]
) -> None:
    result = scored(case.xml(), g=[g for g, _ in given_rows], x=[x for _, x in given_rows])
    assert result.probabilities is not None
    for row, (g, x) in enumerate(given_rows):
        likelihoods = case.likelihoods(g, x)
        np.testing.assert_allclose(
            result.probabilities[row], np.array(likelihoods) / sum(likelihoods), rtol=1e-9, atol=1e-12
        )
        assert likelihoods[CLASSES.index(result.value[row])] >= max(likelihoods) * (1 - 1e-9)


def test_counts_too_large_for_a_factorial_are_as_unlikely_as_others_as_in_jpmml() -> None:
    """JPMML-Evaluator 1.7.7 answers so for 400 and for 2,000,000,000, the largest that it takes."""
    poisson = {one: f'<PoissonDistribution mean="{mean}"/>' for one, mean in (("a", 2.0), ("b", 5.0))}
    data = document(
        (data_field("y", "string", inside=categories("a", "b")), data_field("x")),
        f'<NaiveBayesModel functionName="classification" threshold="0.001">{schema("x", target="y")}<BayesInputs>'
        f'{stats("x", poisson)}</BayesInputs><BayesOutput fieldName="y">{counts({"a": 3, "b": 5})}</BayesOutput>'
        "</NaiveBayesModel>",
    )
    result = scored(data, x=[1.0, 400.0, 2e9, 1e300, 1e306, 1.7e308])
    assert result.probabilities is not None
    likely = [0.8281943060873136, *[0.37500000000000006] * 5]
    np.testing.assert_allclose(result.probabilities[:, 0], likely, rtol=1e-12)
    assert result.reasons == {}
