"""Where the specification is silent: what JPMML-Evaluator 1.7.7 answered to these documents, recorded."""

from __future__ import annotations

import numpy as np
import pytest

from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, data_field, document, schema
from tests.engines.pmml.reference.document import parse
from tests.engines.pmml.reference.scorer import score

FIELDS = [data_field("z", "string", inside=categories("a", "b", "c")), data_field("x")]
SCHEMA = schema("x", target="z")


def tables(order: str) -> str:
    inside = "".join(
        f'<RegressionTable intercept="0" targetCategory="{one}"><NumericPredictor name="x" coefficient="0"/>'
        "</RegressionTable>"
        for one in order
    )
    head = f'<RegressionModel functionName="classification" normalizationMethod="softmax">{SCHEMA}'
    return f"{head}{inside}</RegressionModel>"


def general(reference: str, others: str) -> str:
    cells = "".join(f'<PCell targetCategory="{one}" parameterName="p" beta="0"/>' for one in others)
    return (
        '<GeneralRegressionModel functionName="classification" modelType="multinomialLogistic" '
        f'targetReferenceCategory="{reference}">{SCHEMA}<ParameterList><Parameter name="p"/></ParameterList>'
        '<CovariateList><Predictor name="x"/></CovariateList><PPMatrix><PPCell value="1" predictorName="x" '
        f'parameterName="p"/></PPMatrix><ParamMatrix>{cells}</ParamMatrix></GeneralRegressionModel>'
    )


def network(order: str) -> str:
    neurons = "".join(f'<Neuron id="n{one}"><Con from="i" weight="0"/></Neuron>' for one in order)
    outputs = "".join(
        f'<NeuralOutput outputNeuron="n{one}"><DerivedField optype="categorical" dataType="string">'
        f'<NormDiscrete field="z" value="{one}"/></DerivedField></NeuralOutput>'
        for one in order
    )
    return (
        f'<NeuralNetwork functionName="classification" activationFunction="identity">{SCHEMA}<NeuralInputs>'
        '<NeuralInput id="i"><DerivedField optype="continuous" dataType="double"><FieldRef field="x"/></DerivedField>'
        f"</NeuralInput></NeuralInputs><NeuralLayer>{neurons}</NeuralLayer><NeuralOutputs>{outputs}</NeuralOutputs>"
        "</NeuralNetwork>"
    )


def bayes(order: str) -> str:
    counts = "".join(f'<TargetValueCount value="{one}" count="3"/>' for one in order)
    stats = "".join(
        f'<TargetValueStat value="{one}"><GaussianDistribution mean="0" variance="1"/></TargetValueStat>'
        for one in order
    )
    return (
        f'<NaiveBayesModel functionName="classification" threshold="0.01">{SCHEMA}<BayesInputs><BayesInput '
        f'fieldName="x"><TargetValueStats>{stats}</TargetValueStats></BayesInput></BayesInputs><BayesOutput '
        f'fieldName="z"><TargetValueCounts>{counts}</TargetValueCounts></BayesOutput></NaiveBayesModel>'
    )


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (tables("cab"), "c"),
        (general("a", "bc"), "b"),
        (general("a", "cb"), "b"),
        (general("b", "ca"), "a"),
        (network("cab"), "c"),
        (network("bca"), "b"),
        (bayes("cab"), "c"),
        (bayes("bca"), "b"),
    ],
)
def test_of_equally_probable_categories_the_one_that_the_model_names_first_wins(model: str, wanted: str) -> None:
    data = document(FIELDS, model)
    assert compile_pmml(data).score(1, {"x": np.array([1.0])}).value.tolist() == [wanted]
    assert score(parse(data), {"x": 1.0}).value == wanted


def test_a_number_missing_in_the_second_table_of_two_leaves_no_answer() -> None:
    model = (
        f'<RegressionModel functionName="classification" normalizationMethod="logit">{SCHEMA}'
        '<RegressionTable intercept="1" targetCategory="a"/><RegressionTable intercept="0" targetCategory="b">'
        '<NumericPredictor name="x" coefficient="2"/></RegressionTable></RegressionModel>'
    )
    data = document([data_field("z", "string", inside=categories("a", "b")), data_field("x")], model)
    assert compile_pmml(data).score(1, {"x": np.array([np.nan])}).value.tolist() == [None]
    assert score(parse(data), {"x": None}).value is None


def test_an_invalid_value_that_is_taken_as_missing_is_not_refused_as_missing() -> None:
    treatments = 'invalidValueTreatment="asMissing" missingValueTreatment="returnInvalid"'
    model = (
        f'<TreeModel functionName="regression">{schema("x", target="z", extra={"x": treatments})}'
        '<Node score="1"><True/>'
        '<Node score="2"><SimplePredicate field="x" operator="isMissing"/></Node></Node></TreeModel>'
    )
    interval = '<Interval closure="closedClosed" leftMargin="0" rightMargin="1"/>'
    data = document([data_field("z"), data_field("x", inside=interval)], model)
    result = compile_pmml(data).score(2, {"x": np.array([5.0, np.nan])})
    assert result.value[0] == 2.0
    assert list(result.reasons) == [1]
    assert [score(parse(data), {"x": x}).fault is not None for x in (5.0, None)] == [False, True]
