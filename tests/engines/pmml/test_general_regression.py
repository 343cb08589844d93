"""General regression: links, factors, covariates, reference categories against JPMML and a slow reading of the text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, column, data_field, document, schema, scored

INPUTS = [
    data_field("x"),
    data_field("n", "integer"),
    data_field("f", "string", inside=categories("p", "q")),
    data_field("z"),
]
PP = (
    '<PPCell value="1" predictorName="x" parameterName="p1"/><PPCell value="p" predictorName="f" parameterName="p2"/>'
    '<PPCell value="2" predictorName="x" parameterName="p3"/><PPCell value="q" predictorName="f" parameterName="p3"/>'
)
UNSEEN_IS_VALID = {"f": 'invalidValueTreatment="asIs"'}
BETAS = {"p0": 0.3, "p1": 0.2, "p2": -0.1, "p3": 0.05}
LISTS = '<FactorList><Predictor name="f"/></FactorList><CovariateList><Predictor name="x"/></CovariateList>'
ROWS: dict[str, list[object]] = {
    "x": [1.0, -2.0, 3.5, None, 1.0],
    "f": ["p", "q", "zz", "p", None],
    "z": [0.5, 2.0, 1.0, 1.0, 1.0],
    "n": [3.0] * 5,
}
CLOSE = 1e-12


def cells(category: str, betas: Mapping[str, float]) -> str:
    said = f'targetCategory="{category}"' if category else ""
    return "".join(f'<PCell parameterName="{name}" beta="{beta!r}" {said}/>' for name, beta in betas.items())


def general(function: str, attributes: str, parameters: str, pp: str = PP, lists: str = LISTS) -> str:
    names = "".join(f'<Parameter name="p{place}"/>' for place in range(4))
    return (
        f'<GeneralRegressionModel functionName="{function}" {attributes}>'
        f"{schema('x', 'f', 'z', 'n', target='y', extra=UNSEEN_IS_VALID)}"
        f"<ParameterList>{names}</ParameterList>{lists}"
        f"<PPMatrix>{pp}</PPMatrix><ParamMatrix>{parameters}</ParamMatrix></GeneralRegressionModel>"
    )


def regression(attributes: str, parameters: str = cells("", BETAS), **more: str) -> bytes:
    return document([data_field("y"), *INPUTS], general("regression", attributes, parameters, **more))


def classification(attributes: str, parameters: str, *labels: str, optype: str = "categorical") -> bytes:
    target = data_field("y", "string", optype, categories(*labels))
    return document([target, *INPUTS], general("classification", attributes, parameters))


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ('linkFunction="identity"', [0.4, 0.09999999999999998, 1.0]),
        ('linkFunction="log"', [1.4918246976412703, 1.1051709180756475, 2.718281828459045]),
        ('linkFunction="logc"', [-0.49182469764127035, -0.10517091807564749, -1.718281828459045]),
        ('linkFunction="logit"', [0.598687660112452, 0.5249791874789399, 0.7310585786300049]),
        ('linkFunction="cloglog"', [0.7750382064500816, 0.668845722847091, 0.9340119641546875]),
        ('linkFunction="loglog"', [0.5115448336890416, 0.4046076616641318, 0.6922006275553464]),
        ('linkFunction="probit"', [0.6554217416103242, 0.539827837277029, 0.841344746068543]),
        ('linkFunction="oddspower" linkParameter="0.5"', [0.5901639344262294, 0.5243757431629014, 0.6923076923076923]),
        ('linkFunction="oddspower" linkParameter="-0.5"', [0.6097560975609756, 0.5256241787122208, 0.8]),
        ('linkFunction="oddspower" linkParameter="0"', [0.598687660112452, 0.5249791874789399, 0.7310585786300049]),
        ('linkFunction="power" linkParameter="0.5"', [0.16000000000000003, 0.009999999999999995, 1.0]),
        ('linkFunction="power" linkParameter="-0.5"', [6.249999999999999, 100.00000000000004, 1.0]),
        ('linkFunction="power" linkParameter="0"', [1.4918246976412703, 1.1051709180756475, 2.718281828459045]),
        ('linkFunction="negbin" distParameter="2"', [-1.5166223908598684, -5.254165972387528, -0.7909883534346632]),
        (
            'linkFunction="logit" offsetValue="2" trialsValue="10"',
            [9.168273035060777, 8.90903178804387, 9.525741268224333],
        ),
    ],
)
def test_generalized_linear_models_answer_as_jpmml_does(attributes: str, wanted: list[float]) -> None:
    result = scored(regression(f'modelType="generalizedLinear" {attributes}'), **ROWS)
    np.testing.assert_allclose(result.value, [*wanted, math.nan, math.nan], rtol=CLOSE)
    assert result.reasons == {}


@pytest.mark.parametrize("kind", ["regression", "generalLinear"])
def test_linear_models_ignore_what_is_only_for_generalized_ones(kind: str) -> None:
    result = scored(regression(f'modelType="{kind}" distribution="normal" linkFunction="logit"'), **ROWS)
    np.testing.assert_allclose(result.value, [0.4, 0.1, 1.0, math.nan, math.nan], rtol=CLOSE)


def test_offset_and_trials_of_fields_fail_the_rows_that_lack_them() -> None:
    data = regression('modelType="generalizedLinear" linkFunction="logit" offsetVariable="z" trialsVariable="n"')
    result = scored(data, **(ROWS | {"z": [0.5, None, 1.0, None, 1.0]}))
    wanted = [3 / (1 + math.exp(-(eta + z))) for eta, z in ((0.4, 0.5), (1.0, 1.0))]
    np.testing.assert_allclose(result.value[[0, 2]], wanted, rtol=CLOSE)
    assert set(result.reasons) == {1}


NOMINAL = [0.598687660112452, 0.5249791874789399, 0.7310585786300049]


@pytest.mark.parametrize(
    "kind", ['modelType="generalizedLinear" linkFunction="logit"', 'modelType="multinomialLogistic"']
)
@pytest.mark.parametrize(
    ("attributes", "category", "place"),
    [("", "a", 0), ("", "b", 1), ('targetReferenceCategory="a"', "", 1), ('targetReferenceCategory="b"', "a", 0)],
)
def test_two_categories_answer_as_jpmml_does(kind: str, attributes: str, category: str, place: int) -> None:
    result = scored(classification(f"{kind} {attributes}", cells(category, BETAS), "a", "b"), **ROWS)
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[:3, place], NOMINAL, rtol=CLOSE)
    np.testing.assert_allclose(result.probabilities.sum(axis=1), [1, 1, 1, math.nan, math.nan], rtol=1e-15)
    assert result.value.tolist() == ["ab"[place]] * 3 + [None] * 2


@pytest.mark.parametrize(("named", "order"), [("ab", [0, 1, 2]), ("bc", [1, 2, 0])])
def test_several_categories_answer_as_jpmml_does(named: str, order: list[int]) -> None:
    parameters = cells(named[0], BETAS) + cells(named[1], BETAS | {"p0": 0.4})
    result = scored(classification('modelType="multinomialLogistic"', parameters, "a", "b", "c"), **ROWS)
    assert result.probabilities is not None
    wanted = [0.3602966152405401, 0.39818934104493614, 0.24151404371452384]
    np.testing.assert_allclose(result.probabilities[0][order], wanted, rtol=CLOSE)


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("logit", [0.45016600268752216, 0.28089257594248274, 0.2689414213699951]),
        ("probit", [0.420740290560897, 0.420604455507646, 0.15865525393145696]),
        ("cloglog", [0.5590089740570173, 0.37500299009767013, 0.06598803584531254]),
        ("loglog", [0.29481632072915814, 0.39738430682618825, 0.3077993724446536]),
        ("cauchit", [0.4371670418109988, 0.3128329581890012, 0.25]),
        ("logit offset", [0.574442516811659, 0.24313195938198462, 0.18242552380635635]),
    ],
)
def test_ordinal_categories_answer_as_jpmml_does(link: str, wanted: list[float]) -> None:
    attributes = f'modelType="ordinalMultinomial" cumulativeLink="{link.removesuffix(" offset")}"'
    if "offset" in link:
        attributes += ' offsetValue="0.5"'
    parameters = cells("a", {"p0": -0.3}) + cells("b", {"p0": 0.9}) + cells("", {"p1": 0.2, "p2": -0.1, "p3": 0.05})
    result = scored(classification(attributes, parameters, "a", "b", "c", optype="ordinal"), **ROWS)
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], wanted, rtol=1e-12)


GL = 'modelType="generalizedLinear" linkFunction="logit"'


@pytest.mark.parametrize(
    "data",
    [
        regression('modelType="CoxRegression"'),
        regression('modelType="generalizedLinear"'),
        regression('modelType="generalizedLinear" linkFunction="inverse"'),
        regression('modelType="generalizedLinear" linkFunction="power"'),
        regression('modelType="multinomialLogistic"'),
        regression('modelType="regression" offsetValue="2"'),
        regression('modelType="regression" x-mathContext="float"'),
        regression(f'{GL} trialsVariable="z"'),
        regression('modelType="regression"', lists=""),
        regression('modelType="regression"', cells("", {"p9": 1.0})),
        classification(GL, cells("", BETAS), "a", "b"),
        classification(GL, cells("b", BETAS), "a", "b", "c"),
        classification(f'{GL} targetReferenceCategory="b"', cells("b", BETAS), "a", "b"),
        classification(f'{GL} trialsValue="2"', cells("b", BETAS), "a", "b"),
        classification('modelType="multinomialLogistic" offsetValue="1"', cells("b", BETAS), "a", "b"),
        classification('modelType="multinomialLogistic"', cells("b", BETAS), "a", "b", "c"),
        classification('modelType="ordinalMultinomial"', cells("a", {"p0": 1.0}) + cells("", {"p1": 1.0}), "a", "b"),
        classification('modelType="ordinalMultinomial" cumulativeLink="logit"', cells("b", {"p0": 1.0}), "a", "b"),
    ],
)
def test_what_is_not_surely_right_is_refused(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(data)


def test_a_contrast_matrix_without_categories_is_refused_as_in_jpmml() -> None:
    lists = LISTS.replace('<Predictor name="f"/>', '<Predictor name="f"><Matrix/></Predictor>')
    with pytest.raises(ModelRejected, match="Categories"):
        compile_pmml(regression('modelType="regression"', lists=lists))


@dataclass(frozen=True)
class Term:
    field: str
    value: str


terms = st.one_of(
    st.builds(Term, st.just("x"), st.sampled_from(["1", "2", "3", "-1", "0"])),
    st.builds(Term, st.just("z"), st.sampled_from(["1", "2"])),
    st.builds(Term, st.just("f"), st.sampled_from(["p", "q"])),
)
rows = st.fixed_dictionaries(
    {
        "x": st.sampled_from([0.5, -1.5, 2.0, 1e6, None]),
        "z": st.one_of(st.none(), st.floats(-3, 3)),
        "f": st.sampled_from(["p", "q", "unseen", None]),
    }
)


def term_value(term: Term, row: dict[str, object]) -> float | None:
    value = row[term.field]
    if value is None:
        return None
    if term.field == "f":
        return 1.0 if value == term.value else 0.0
    assert isinstance(value, float)
    return float(np.float64(value) ** float(term.value))


def linear(parameters: list[list[Term]], betas: list[float], row: dict[str, object]) -> float | None:
    """Return the sum of beta times the product of each parameter's terms, None where a term's field is missing.

    As in JPMML 1.7.7 a factor that does not match makes its product 0 whatever the covariates are.
    """
    total = 0.0
    for parameter, beta in zip(parameters, betas, strict=True):
        product = 1.0
        for term in sorted(parameter, key=lambda term: term.field != "f"):
            value = term_value(term, row)
            if value is None:
                return None
            product *= value
            if term.field == "f" and not value:
                break
        total += beta * product
    return total


INVERSES: dict[str, Callable[[float], float]] = {
    "identity": lambda y: y,
    "logit": lambda y: 1 / (1 + math.exp(-y)) if y > -700 else 0.0,
    "cloglog": lambda y: 1 - math.exp(-math.exp(y)) if y < 5 else 1.0,
    "probit": NormalDist().cdf,
}


@settings(max_examples=60, deadline=None)
@given(
    parameters=st.lists(st.lists(terms, max_size=3, unique=True), min_size=1, max_size=4),
    betas=st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    batch=st.lists(rows, min_size=1, max_size=8),
    link=st.sampled_from(sorted(INVERSES)),
)
def test_a_general_regression_is_what_the_specification_says(
    parameters: list[list[Term]], betas: list[float], batch: list[dict[str, object]], link: str
) -> None:
    betas = betas[: len(parameters)]
    pp = "".join(
        f'<PPCell value="{term.value}" predictorName="{term.field}" parameterName="p{place}"/>'
        for place, parameter in enumerate(parameters)
        for term in parameter
    )
    lists = LISTS.replace('<Predictor name="x"/>', '<Predictor name="x"/><Predictor name="z"/>')
    named = {f"p{place}": beta for place, beta in enumerate(betas)}
    data = regression(f'modelType="generalizedLinear" linkFunction="{link}"', cells("", named), pp=pp, lists=lists)
    result = scored(data, **{name: [row[name] for row in batch] for name in ("x", "z", "f")})
    sums = [linear(parameters, betas, row) for row in batch]
    wanted = [None if one is None else INVERSES[link](one) for one in sums]
    np.testing.assert_allclose(result.value, column(wanted), rtol=1e-9, atol=1e-15)
    assert result.reasons == {}
