"""The native engine at the project's port: what its signature, its answers and its refusals look like from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.choices import Fallback
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.pmml.engine import PmmlEngine, PmmlServable
from streamscore_cli.engines.registry import engines_for
from tests.engines.wine import columns_for, read_matrix

DOCUMENT = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
  <DataField name="x" optype="continuous" dataType="double">
    <Interval closure="closedClosed" leftMargin="0"/></DataField>
  <DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>
</DataDictionary>
<TreeModel functionName="classification">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <Output>
    <OutputField name="probability(no)" optype="continuous" dataType="double" feature="probability" value="no"/>
    <OutputField name="probability(yes)" optype="continuous" dataType="double" feature="probability" value="no"/>
    <OutputField name="P(yes)" optype="continuous" dataType="double" feature="probability" value="yes"/>
    <OutputField name="node" optype="categorical" dataType="string" feature="entityId"/>
  </Output>
  <Node id="0" score="no"><True/>
    <Node id="1" score="no"><SimplePredicate field="x" operator="lessThan" value="1"/>
      <ScoreDistribution value="no" recordCount="3"/><ScoreDistribution value="yes" recordCount="1"/></Node>
    <Node id="2" score="yes"><SimplePredicate field="x" operator="greaterOrEqual" value="1"/>
      <ScoreDistribution value="no" recordCount="1"/><ScoreDistribution value="yes" recordCount="4"/></Node>
  </Node>
</TreeModel></PMML>"""
BEYOND = DOCUMENT.replace('"entityId"', '"standardError"')


def load(document: str) -> PmmlServable:
    return PmmlEngine().load(Artifact.of(ModelFormat.PMML, document.encode()))


def test_the_signature_has_the_inputs_the_answer_the_probabilities_and_what_is_declared_besides() -> None:
    signature = load(DOCUMENT).signature
    assert signature.inputs == (Field("x", FieldType.DOUBLE),)
    assert signature.outputs == (
        Field("y", FieldType.STRING),
        Field("probability(no)", FieldType.DOUBLE),
        Field("probability(yes)", FieldType.DOUBLE),
        Field("probability(yes)", FieldType.DOUBLE),  # declared under a name that promises something else
        Field("P(yes)", FieldType.DOUBLE),
        Field("node", FieldType.STRING),
    )


def test_records_may_do_without_a_field_that_can_only_be_its_replacement() -> None:
    field = '<DataField name="holder" optype="categorical" dataType="string"><Value value="{}"/></DataField>'
    for value, optional in (("pseudoValue", True), ("other", False)):
        document = DOCUMENT.replace("<DataDictionary>", "<DataDictionary>" + field.format(value)).replace(
            '<MiningField name="x"/>', '<MiningField name="x"/><MiningField name="holder" '
            'missingValueReplacement="pseudoValue" invalidValueTreatment="asIs"/>',
        )  # fmt: skip
        inputs = load(document).signature.inputs
        assert [(one.name, one.optional) for one in inputs] == [("x", False), ("holder", optional)]


def test_a_declared_output_that_says_what_the_result_says_under_the_same_name_comes_once() -> None:
    scores = load(DOCUMENT).score(Columns(2, {"x": np.array([0.0, 1.0])}))
    assert scores.result.tolist() == ["no", "yes"]
    assert scores.probabilities is not None
    assert scores.probabilities.tolist() == [[0.75, 0.25], [0.2, 0.8]]
    assert {name: column.tolist() for name, column in scores.outputs.items()} == {
        "probability(yes)": [0.75, 0.2],
        "P(yes)": [0.25, 0.8],
        "node": ["1", "2"],
    }


def test_an_exporters_probabilities_come_once(data_dir: Path) -> None:
    data = (data_dir / "winequality_multilayer_perceptron.pmml").read_bytes()
    servable = PmmlEngine().load(Artifact.of(ModelFormat.PMML, data))
    scores = servable.score(columns_for(servable.signature, read_matrix(data_dir)[:3]))
    assert data.count(b'feature="probability"') == len(scores.labels) == 6
    assert scores.outputs == {}


def test_a_row_that_cannot_be_scored_fails_alone_with_its_reason() -> None:
    scores = load(DOCUMENT).score(Columns(3, {"x": np.array([0.0, -1.0, 5.0])}))
    (failure,) = scores.failures
    assert (failure.row, failure.stage, failure.cause) == (1, Stage.SCORE, Cause.INVALID_VALUE)
    assert "'x'" in failure.reason
    assert scores.result[[0, 2]].tolist() == ["no", "yes"]


def test_a_refusal_names_the_element_its_line_and_the_next_step() -> None:
    with pytest.raises(ModelUnsupported, match=r"<OutputField> \(line 13\).*standardError") as caught:
        load(BEYOND)
    assert "models.fallback" in caught.value.hint


def test_pypmml_scores_what_is_beyond_the_engine() -> None:
    engines = engines_for(ModelFormat.PMML, ModelSettings(fallback=Fallback.PYPMML))
    artifact = Artifact.of(ModelFormat.PMML, BEYOND.encode())
    with pytest.raises(ModelUnsupported):
        engines[0].load(artifact)
    scores = engines[1].load(artifact).score(Columns(2, {"x": np.array([0.0, 1.0])}))
    assert scores.result.tolist() == ["no", "yes"]
