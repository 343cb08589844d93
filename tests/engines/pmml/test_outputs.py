"""Outputs and Targets against JPMML-Evaluator 1.7.7, which answered the expected values for these documents."""

from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, data_field, document, schema, scored

SOFTMAX = (
    '<RegressionTable targetCategory="a" intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable>'
    '<RegressionTable targetCategory="b" intercept="2"/><RegressionTable targetCategory="c" intercept="1.5"/>'
)


def classifier(output: str = "", targets: str = "", values: str = categories("a", "b", "c")) -> bytes:
    return document(
        [data_field("x"), data_field("y", "string", inside=values)],
        f'<RegressionModel functionName="classification" normalizationMethod="softmax">{schema("x", target="y")}'
        f"<Output>{output}</Output>{targets}{SOFTMAX}</RegressionModel>",
    )


def target(inside: str) -> str:
    return f'<Targets><Target field="y">{inside}</Target></Targets>'


def linear(targets: str, output: str = "", name: str = "y") -> bytes:
    return document(
        [data_field("x"), data_field("y")],
        f'<RegressionModel functionName="regression">{schema("x", target=name)}<Output>{output}</Output>{targets}'
        '<RegressionTable intercept="0"><NumericPredictor name="x" coefficient="7"/></RegressionTable>'
        "</RegressionModel>",
    )


def test_what_is_no_category_has_the_probability_zero() -> None:
    fields = "".join(f'<OutputField name="p{one}" feature="probability" value="{one}"/>' for one in ("a", "zz"))
    result = scored(classifier(fields), x=[1, None])
    assert result.outputs["pa"][0] == pytest.approx(0.6285317192117624, rel=1e-12)
    assert result.outputs["pzz"][0] == 0.0
    assert result.outputs["pzz"][1] != 0.0, "a row without a prediction has no probabilities"


def test_categories_are_shown_as_the_target_says_else_as_the_dictionary_does() -> None:
    shown = '<OutputField name="o" feature="predictedDisplayValue"/>'
    values = '<Value value="a" displayValue="Alpha"/><Value value="b" displayValue="Beta"/><Value value="c"/>'
    told = target('<TargetValue value="a" displayValue="AAA"/>')
    assert scored(classifier(shown, values=values), x=[1, 0]).outputs["o"].tolist() == ["Alpha", "Beta"]
    assert scored(classifier(shown, told), x=[1, 0]).outputs["o"].tolist() == ["AAA", "b"]


def test_a_number_is_shown_as_java_writes_it() -> None:
    shown = '<OutputField name="o" feature="predictedDisplayValue"/>'
    assert scored(linear("", shown), x=[1, 0.5, 1e9]).outputs["o"].tolist() == ["7.0", "3.5", "7.0E9"]


def test_an_output_that_is_not_final_is_an_answer_of_the_whole_model() -> None:
    document_ = linear("", '<OutputField name="o" feature="predictedValue" isFinalResult="false"/>')
    assert scored(document_, x=[2]).outputs["o"].tolist() == [14.0]


PRIORS = '<TargetValue value="a" priorProbability="0.2"/><TargetValue value="b" priorProbability="0.8"/>'
EQUAL_PRIORS = '<TargetValue value="b" priorProbability="0.5"/><TargetValue value="a" priorProbability="0.5"/>'


@pytest.mark.parametrize(
    ("priors", "label", "expected"), [(PRIORS, "b", [0.2, 0.8, 0.0]), (EQUAL_PRIORS, "b", [0.5, 0.5, 0.0])]
)
def test_a_row_without_a_prediction_gets_the_priors(priors: str, label: str, expected: list[float]) -> None:
    result = scored(classifier("", target(priors)), x=[1, None])
    assert result.value.tolist() == ["a", label]
    assert result.probabilities is not None
    assert result.probabilities[1].tolist() == expected


@pytest.mark.parametrize(
    "priors", ['<TargetValue value="zz" priorProbability="1"/>', PRIORS + '<TargetValue value="c" displayValue="C"/>']
)
def test_priors_that_are_not_sure_are_refused(priors: str) -> None:
    with pytest.raises(ModelUnsupported, match=r"<Target> \(line 1\)"):
        compile_pmml(classifier("", target(priors)))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ('<Target field="y" rescaleFactor="2"/>', 14.0),
        ('<Target rescaleFactor="2"/>', 7.0),
        ('<Target field="zz" rescaleFactor="2"/>', 7.0),
        ('<Target rescaleFactor="2"/><Target field="y" rescaleFactor="3"/>', 21.0),
        ('<Target field="y" rescaleFactor="2" rescaleConstant="1" max="6"/>', 13.0),
    ],
)
def test_a_named_target_is_treated_by_its_own_element_alone(targets: str, expected: float) -> None:
    assert scored(linear(f"<Targets>{targets}</Targets>"), x=[1]).value.tolist() == [expected]


@pytest.mark.parametrize(
    ("targets", "expected"), [('<Target rescaleFactor="2"/>', 14.0), ('<Target field="y" rescaleFactor="2"/>', 7.0)]
)
def test_a_target_without_a_name_is_treated_by_the_element_without_a_field(targets: str, expected: float) -> None:
    output = '<OutputField name="o" feature="predictedValue"/>'
    assert scored(linear(f"<Targets>{targets}</Targets>", output, name=""), x=[1]).outputs["o"].tolist() == [expected]


def test_two_treatments_of_one_target_are_refused() -> None:
    with pytest.raises(ModelRejected, match=r"<Target> \(line 1\)"):
        compile_pmml(linear('<Targets><Target field="y"/><Target field="y"/></Targets>'))


def segment(name: str, coefficient: float, intercept: float) -> str:
    return (
        f'<Segment><True/><RegressionModel functionName="regression">{schema("x", target=name)}'
        f'<RegressionTable intercept="{intercept}"><NumericPredictor name="x" coefficient="{coefficient}"/>'
        "</RegressionTable></RegressionModel></Segment>"
    )


@pytest.mark.parametrize(("inner", "expected"), [("y", 1.2571427822113037), ("", 1.2571429014205933)])
def test_a_prediction_of_type_float_is_rounded_to_32_bits(inner: str, expected: float) -> None:
    """So are those of segments that predict such a field; the next 32-bit numbers to 1.25714285..., one each way."""
    output = '<Output><OutputField name="o" feature="predictedValue" dataType="double"/></Output>'
    document_ = document(
        [data_field("x"), data_field("y", "float")],
        f'<MiningModel functionName="regression">{schema("x", target="y")}{output}'
        f'<Segmentation multipleModelMethod="sum">{segment(inner, 0.1, 0.3)}{segment(inner, 0.2, 0.7)}</Segmentation>'
        "</MiningModel>",
    )
    result = scored(document_, x=[6 / 7])
    assert result.value.tolist() == [expected]
    assert result.outputs["o"].tolist() == [expected]


def derived(expression: str, kind: str = "") -> bytes:
    return document(
        [data_field("x"), data_field("i", "integer"), data_field("s", "string"), data_field("y")],
        f'<RegressionModel functionName="regression">{schema("x", "i", "s", target="y")}'
        '<Output><OutputField name="o" feature="transformedValue"><FieldRef field="d"/></OutputField></Output>'
        f'<LocalTransformations><DerivedField name="d" {kind}>{expression}</DerivedField></LocalTransformations>'
        '<RegressionTable intercept="1"/></RegressionModel>',
        version="3.1",
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('<FieldRef field="s"/>', "u"),
        ('<NormDiscrete field="s" value="u"/>', 1.0),
        ('<Apply function="+"><FieldRef field="i"/><FieldRef field="i"/></Apply>', 6),
        ('<Apply function="+"><FieldRef field="i"/><Constant>1.5</Constant></Apply>', 4.5),
    ],
)
def test_a_derived_field_without_a_type_has_that_of_its_expression(expression: str, expected: object) -> None:
    """As documents of PMML 3 have them; JPMML 1.7.7 answers so."""
    result = scored(derived(expression), x=[0.0], i=[3], s=["u"])
    assert result.outputs["o"].tolist() == [expected]
    assert isinstance(result.outputs["o"].tolist()[0], type(expected))


@pytest.mark.parametrize("method", ["modelChain", "selectFirst", "x-multiModelChain"])
def test_a_treatment_of_what_one_segment_answers_is_refused(method: str) -> None:
    """JPMML 1.7.7 ignores it."""
    document_ = document(
        [data_field("x"), data_field("y")],
        f'<MiningModel functionName="regression">{schema("x", target="y")}'
        '<Targets><Target field="y" rescaleFactor="{}"/></Targets>'
        f'<Segmentation multipleModelMethod="{method}">{segment("y", 0.1, 0.3)}</Segmentation></MiningModel>',
    )
    with pytest.raises(ModelUnsupported, match=r"<Target> \(line 1\)"):
        compile_pmml(document_.replace(b"{}", b"2"))
    compile_pmml(document_.replace(b'rescaleFactor="{}"', b'optype="continuous"'))


def test_of_several_models_the_first_that_is_scorable_answers() -> None:
    """As the specification says of applications that name none, and as JPMML 1.7.7 does."""

    def one(name: str, coefficient: int, more: str = "") -> str:
        return (
            f'<RegressionModel functionName="regression" {more}>{schema("x", target=name)}'
            f'<RegressionTable intercept="0"><NumericPredictor name="x" coefficient="{coefficient}"/>'
            "</RegressionTable></RegressionModel>"
        )

    fields = [data_field("x"), data_field("y"), data_field("z")]
    assert scored(document(fields, one("y", 2) + one("z", 3)), x=[1]).value.tolist() == [2.0]
    second = compile_pmml(document(fields, one("y", 2, 'isScorable="false"') + one("z", 3)))
    assert second.program.target == "z"
    with pytest.raises(ModelUnsupported, match="isScorable"):
        compile_pmml(document(fields, one("y", 2, 'isScorable="false"')))
