"""Derived columns, categories, designs, networks the fast way: the same bits as the general way, not asked in vain."""

from __future__ import annotations

import random
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast import build_fast
from streamscore_cli.engines.pmml.fast.gate import gate_of
from streamscore_cli.engines.pmml.fast.products import weighted_sums
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Inputs
from tests.engines.pmml.test_fast import LABELS, SCHEMA, assert_same, batches, check, inputs, model_of, network, seeds

PLAIN: list[dict[str, object]] = [
    {"x": 0.3, "f": 0.5, "i": 1.0, "w": 0.5, "c": "green"},
    {"x": -2.5, "f": -1.25, "i": -3.0, "w": 2.0, "c": "red"},
    {"x": 0.0, "f": 0.0, "i": 0.0, "w": -0.1, "c": "blue"},
]


def nobody(length: int, inputs: Inputs) -> NoReturn:
    raise AssertionError((length, inputs))


def check_alone(model: Model) -> None:
    """Check that plain rows need no other way than the fast one."""
    fast = build_fast(model.program)
    assert fast is not None
    with np.errstate(all="ignore"):
        found = fast.score(len(PLAIN), inputs(PLAIN), nobody)
    assert_same(found, model.general(len(PLAIN), inputs(PLAIN)))


def made(draw: random.Random, name: str) -> str:
    """Return an expression of one number."""
    first, second = draw.uniform(-2, 2), draw.choice([draw.uniform(-2, 2), 3, 0.1, 0])
    field = f'<FieldRef field="{name}"/>'
    low, high = sorted([draw.uniform(-2, 2), draw.uniform(-2, 2)])
    points = f'<LinearNorm orig="{low}" norm="{first}"/><LinearNorm orig="{high}" norm="{second}"/>'
    outliers = draw.choice(["asIs", "asExtremeValues", "asMissingValues"])
    return draw.choice(
        [
            f'<Apply function="/"><Apply function="-">{field}<Constant>{first}</Constant></Apply>'
            f'<Constant dataType="double">{second}</Constant></Apply>',
            f'<Apply function="+"><Apply function="*">{field}<Constant>{first}</Constant></Apply>'
            f'<Constant dataType="double">{second}</Constant></Apply>',
            f'<NormContinuous field="{name}" outliers="{outliers}">{points}</NormContinuous>',
            f'<Apply function="exp">{field}</Apply>',
            f'<Apply function="ln">{field}</Apply>',
            f'<Apply function="if"><Apply function="greaterThan">{field}<Constant>0</Constant></Apply>'
            f"{field}<Constant>{first}</Constant></Apply>",
            '<NormDiscrete field="c" value="red"/>',
            f'<FieldRef field="{name}" mapMissingTo="{first}"/>',
            field,
        ]
    )


def derived(draw: random.Random, count: int) -> tuple[list[str], str]:
    """Return the names of derived fields, some of which are made of others, and their elements."""
    names, texts = [f"d{place}" for place in range(count)], []
    for place, name in enumerate(names):
        kind = draw.choice(["double", "double", "float"])
        source = draw.choice(["x", "f", "i", "w", *names[:place]])
        texts.append(f'<DerivedField name="{name}" optype="continuous" dataType="{kind}">{made(draw, source)}')
    return names, f"<LocalTransformations>{''.join(text + '</DerivedField>' for text in texts)}</LocalTransformations>"


def tabled(seed: int, labels: bool) -> str:
    """Return a regression over derived fields, categories and powers."""
    draw = random.Random(seed)  # noqa: S311 - models, not secrets
    names, local = derived(draw, draw.randint(1, 6))

    def table(label: str = "") -> str:
        terms = [
            f'<NumericPredictor name="{name}" coefficient="{draw.uniform(-2, 2)}"'
            f' exponent="{draw.choice([1, 1, 2, 0.5, 3])}"/>'
            for name in draw.sample(["x", *names], draw.randint(0, 1 + len(names)))
        ]
        colours = draw.sample(["red", "green", "blue"], draw.randint(0, 3))
        terms += [
            f'<CategoricalPredictor name="c" value="{colour}" coefficient="{draw.uniform(-2, 2)}"/>'
            for colour in colours
        ]
        of = f' targetCategory="{label}"' if label else ""
        return f'<RegressionTable intercept="{draw.uniform(-2, 2)}"{of}>{"".join(terms)}</RegressionTable>'

    tables = "".join(map(table, LABELS)) if labels else table()
    function = "classification" if labels else "regression"
    method = "softmax" if labels else "none"
    return (
        f'<RegressionModel functionName="{function}" normalizationMethod="{method}">{SCHEMA}{local}{tables}'
        "</RegressionModel>"
    )


@settings(max_examples=60, deadline=None)
@given(seed=seeds, labels=st.booleans(), rows=batches)
def test_a_regression_over_derived_fields(seed: int, labels: bool, rows: list[dict[str, object]]) -> None:
    check(model_of(tabled(seed, labels), labels), rows)


def general(seed: int) -> str:
    """Return a general regression with factors, covariates, powers and their products."""
    draw = random.Random(seed)  # noqa: S311 - models, not secrets
    count = draw.randint(1, 8)
    cells, betas = [], []
    for place in range(count):
        for name in draw.sample(["x", "f", "w", "c"], draw.randint(0, 3)):
            value = draw.choice(["red", "green"]) if name == "c" else draw.choice(["1", "1", "2", "0.5"])
            cells.append(f'<PPCell parameterName="p{place}" predictorName="{name}" value="{value}"/>')
        betas.append(f'<PCell parameterName="p{place}" beta="{draw.uniform(-1, 1)}"/>')
    covariates = "".join(f'<Predictor name="{name}"/>' for name in "xfw")
    return (
        f'<GeneralRegressionModel functionName="regression" modelType="generalizedLinear"'
        f' linkFunction="{draw.choice(["identity", "log", "logit"])}">{SCHEMA}'
        f"<ParameterList>{''.join(f'<Parameter name={chr(34)}p{place}{chr(34)}/>' for place in range(count))}"
        f'</ParameterList><FactorList><Predictor name="c"/></FactorList><CovariateList>{covariates}</CovariateList>'
        f"<PPMatrix>{''.join(cells)}</PPMatrix><ParamMatrix>{''.join(betas)}</ParamMatrix></GeneralRegressionModel>"
    )


@settings(max_examples=60, deadline=None)
@given(seed=seeds, rows=batches)
def test_a_general_regression(seed: int, rows: list[dict[str, object]]) -> None:
    model = model_of(general(seed), False)
    check(model, rows)
    check_alone(model)


def standardized(seed: int) -> str:
    """Return a network whose inputs are standardized first, as scikit-learn's pipelines write them."""
    scaled = "".join(
        f'<DerivedField name="scaled-{name}" optype="continuous" dataType="double"><Apply function="/">'
        f'<Apply function="-"><FieldRef field="{name}"/><Constant dataType="double">0.{place}7</Constant></Apply>'
        f'<Constant dataType="double">1.{place}3</Constant></Apply></DerivedField>'
        for place, name in enumerate("xfiw")
    )
    text = network(seed, True, [5, 4], "tanh", True)
    text = text.replace("</MiningSchema>", f"</MiningSchema><LocalTransformations>{scaled}</LocalTransformations>", 1)
    for name in "xfiw":
        before, after = f'<FieldRef field="{name}"/></DerivedField></NeuralInput>', f'<FieldRef field="scaled-{name}"/>'
        text = text.replace(before, f"{after}</DerivedField></NeuralInput>")
    return text


@settings(max_examples=40, deadline=None)
@given(seed=seeds, rows=batches)
def test_a_network_over_standardized_fields(seed: int, rows: list[dict[str, object]]) -> None:
    model = model_of(standardized(seed), True)
    check(model, rows)
    check_alone(model)


def test_standardized_fields_are_made_together() -> None:
    gate = gate_of(model_of(standardized(1), True).program)
    assert gate is not None
    assert [group.count for group in gate.derivation.groups] == [4]


def summed_one_by_one(weights: NDArray[np.float64], cells: NDArray[np.float64]) -> list[list[float]]:
    result = []
    for column in weights.T.tolist():
        row = []
        for given_cells in cells.T.tolist():
            total = 0.0
            for weight, cell in zip(column, given_cells, strict=True):
                total += weight * cell
            row.append(total)
        result.append(row)
    return result


@pytest.mark.parametrize(
    ("terms", "sums", "rows"), [(1, 1, 1), (9, 1, 1), (9, 1, 5), (9, 5, 1), (40, 17, 33), (3, 2, 2)]
)
def test_weighted_sums_are_made_in_order(terms: int, sums: int, rows: int) -> None:
    draw = np.random.default_rng(terms)
    weights, cells = draw.standard_normal((terms, sums)), draw.standard_normal((terms, rows))
    found = np.empty((sums, rows))
    weighted_sums(weights, cells, found)
    assert found.tolist() == summed_one_by_one(weights, cells)
    spread = np.empty((terms, 2 * rows))
    spread[:, :rows] = cells
    weighted_sums(weights, spread[:, :rows], found)
    assert found.tolist() == summed_one_by_one(weights, cells)
