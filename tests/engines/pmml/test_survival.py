"""Cox regressions and contrast matrices of general regressions against what JPMML-Evaluator 1.7.7 answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from streamscore_cli.core.errors import ModelUnsupported
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

FIELDS = [
    data_field("x"),
    data_field("t"),
    data_field("s", "string", inside=categories("a", "b", "c")),
    data_field("y"),
]
CELLS = (
    '<BaselineCell time="5" cumHazard="0.2"/><BaselineCell time="1" cumHazard="0.01"/>'
    '<BaselineCell time="3" cumHazard="0.03"/><BaselineCell time="40" cumHazard="0.9"/>'
)
TABLE = f'<BaseCumHazardTables maxTime="50">{CELLS}</BaseCumHazardTables>'
STRATA = (
    '<BaseCumHazardTables><BaselineStratum value="a" label="A" maxTime="50"><BaselineCell time="1" cumHazard="0.01"/>'
    '<BaselineCell time="4" cumHazard="0.5"/></BaselineStratum><BaselineStratum value="b" maxTime="50">'
    '<BaselineCell time="1" cumHazard="0.02"/></BaselineStratum></BaseCumHazardTables>'
)
COX = 'modelType="CoxRegression" endTimeVariable="t" statusVariable="event" subjectIDVariable="id"'
CATEGORIES = '<Categories><Category value="a"/><Category value="b"/><Category value="c"/></Categories>'
SQUARE = (
    '<Matrix nbRows="3" nbCols="3"><Array type="real" n="3">1 0 0</Array><Array type="real" n="3">0 0.5 0.25</Array>'
    '<Array type="real" n="3">-1 0 2</Array></Matrix>'
)


def regression(attributes: str, factor: str = "", betas: str = "", tail: str = "", points: str = "") -> bytes:
    factors = f'<FactorList><Predictor name="s">{factor}</Predictor></FactorList>'
    cells = (
        '<PPCell value="1" predictorName="x" parameterName="p1"/>'
        '<PPCell value="b" predictorName="s" parameterName="p2"/>'
        '<PPCell value="c" predictorName="s" parameterName="p3"/>'
    )
    named = "".join(f'<Parameter name="p{place}" {points if place == 1 else ""}/>' for place in range(4))
    given = betas or "".join(
        f'<PCell parameterName="p{place}" beta="{beta}"/>' for place, beta in enumerate((0.5, 0.25, -1, 2))
    )
    return document(
        FIELDS,
        f'<GeneralRegressionModel functionName="regression" {attributes}>{schema("x", "t", "s", target="y")}'
        f'<ParameterList>{named}</ParameterList>{factors}<CovariateList><Predictor name="x"/></CovariateList>'
        f"<PPMatrix>{cells}</PPMatrix><ParamMatrix>{given}</ParamMatrix>{tail}</GeneralRegressionModel>",
    )


ROWS: list[tuple[float | None, float | None, str | None, float | None]] = [
    (1, 50, "a", 1.0721215949511222),
    (1, 50.1, "a", None),
    (1, 40, "a", 1.0721215949511222),
    (1, math.inf, "a", None),
    (1, -5, "a", 0.0),
    (None, -5, "a", 0.0),
    (None, 60, "a", None),
    (None, 3, "a", None),
    (1, 3, None, None),
    (1, 4, "b", 0.013147049773948477),
    (1, 1, "a", 0.01191246216612358),
    (-1.5, 4.5, "b", 0.007037108642813929),
    (2, 6, "c", 2.260445883855916),
]
THREE = (
    '<PCell parameterName="p1" beta="0.25"/><PCell parameterName="p2" beta="-1"/><PCell parameterName="p3" beta="2"/>'
)


def test_a_cox_regression_answers_the_cumulative_hazard_as_in_jpmml() -> None:
    data = regression(COX, "", THREE, TABLE, 'referencePoint="0.3"')
    x, t, s, wanted = zip(*ROWS, strict=True)
    result = scored(data, x=x, t=t, s=s)
    np.testing.assert_allclose(result.value, [math.nan if one is None else one for one in wanted], rtol=1e-12)
    assert result.reasons == {}


def test_a_row_without_a_time_fails_and_faults_count_only_where_there_is_a_hazard_as_in_jpmml() -> None:
    data = regression(COX, "", THREE, TABLE)
    result = scored(data, x=[1, 1, 1, 1], t=[None, 3, -5, 60], s=["a", "zz", "zz", "zz"])
    assert set(result.reasons) == {0, 1}
    assert result.value.tolist()[2] == 0.0


def test_strata_have_baselines_of_their_own_as_in_jpmml() -> None:
    data = regression(f'{COX} baselineStrataVariable="s"', "", '<PCell parameterName="p1" beta="0.25"/>', STRATA)
    result = scored(
        data, x=[1, -1.5, 2, 1, 1, 1, 1], t=[3, 4.5, 6, 50, 50.5, None, 3], s=["a", "b", "c", "a", "b", "c", None]
    )
    assert set(result.reasons) == {6}
    wanted = [0.012840254166877414, 0.013745785575819444, math.nan, 0.6420127083438707, math.nan, math.nan]
    np.testing.assert_allclose(result.value[:6], wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("tail", "match"),
    [
        (TABLE.replace('time="5"', 'time="3"'), "BaseCumHazardTables"),
        (TABLE.replace('"0.2"', '"-0.2"'), "BaseCumHazardTables"),
        ('<BaseCumHazardTables maxTime="50"/>', "BaseCumHazardTables"),
    ],
)
def test_a_baseline_that_is_not_surely_one_is_refused(tail: str, match: str) -> None:
    with pytest.raises(ModelUnsupported, match=match):
        scored(regression(COX, "", THREE, tail), x=[1.0], t=[1.0], s=["a"])


@pytest.mark.parametrize(
    ("contrasts", "wanted"),
    [
        (SQUARE, [0.75, 0.75, 4.75, math.nan]),
        (
            '<Matrix nbRows="3" nbCols="3" diagDefault="1" offDiagDefault="0">'
            '<MatCell row="2" col="3">0.5</MatCell></Matrix>',
            [0.75, 0.75, 2.75, math.nan],
        ),
    ],
)
def test_contrasts_are_taken_from_the_matrix_as_in_jpmml(contrasts: str, wanted: list[float]) -> None:
    result = scored(
        regression('modelType="generalLinear"', CATEGORIES + contrasts),
        x=[1.0] * 4,
        t=[1.0] * 4,
        s=["a", "b", "c", None],
    )
    np.testing.assert_allclose(result.value, wanted, rtol=1e-12)
    assert result.reasons == {}


def test_a_category_without_contrasts_fails_its_row_as_in_jpmml() -> None:
    data = regression('modelType="generalLinear"', CATEGORIES + SQUARE)
    kept = data.replace(b'<MiningField name="s" />', b'<MiningField name="s" invalidValueTreatment="asIs"/>')
    assert kept != data
    result = scored(kept, x=[1.0, 1.0], t=[1.0, 1.0], s=["zz", "c"])
    assert set(result.reasons) == {0}


@pytest.mark.parametrize(
    "inside",
    [
        f'{CATEGORIES}<Matrix nbRows="3" nbCols="2"><Array type="real" n="2">0 0</Array><Array type="real" n="2">1 0.5'
        '</Array><Array type="real" n="2">0 1</Array></Matrix>',
        CATEGORIES.replace('"c"', '"d"') + SQUARE,
    ],
)
def test_contrasts_that_do_not_match_their_categories_are_refused(inside: str) -> None:
    with pytest.raises(ModelUnsupported, match="contrast"):
        scored(regression('modelType="generalLinear"', inside), x=[1.0], t=[1.0], s=["a"])
