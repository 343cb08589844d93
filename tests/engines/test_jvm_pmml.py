"""PMML through pypmml, against what JPMML and the training libraries answered, and the PMML standard by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.jvm_pmml import PypmmlEngine
from tests.engines.wine import (
    FIELDS,
    OUR_CLASSIFIERS,
    OUR_REGRESSIONS,
    ROWS,
    SEED_CLASSIFIERS,
    SEED_FOREST,
    SEED_REGRESSIONS,
    assert_classes,
    assert_values,
    columns_for,
    read_expected,
)

Matrix = NDArray[np.float64]

MIXED = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
  <DataField name="colour" optype="categorical" dataType="string"><Value value="red"/><Value value="rosé"/>
  </DataField>
  <DataField name="bottles" optype="continuous" dataType="integer"/>
  <DataField name="organic" optype="categorical" dataType="boolean"/>
  <DataField name="price" optype="continuous" dataType="double"/>
  <DataField name="verdict" optype="categorical" dataType="string"><Value value="buy"/><Value value="leave"/>
  </DataField>
</DataDictionary>
<TreeModel functionName="classification" missingValueStrategy="nullPrediction">
  <MiningSchema>
    <MiningField name="verdict" usageType="target"/>
    <MiningField name="colour"/><MiningField name="bottles"/><MiningField name="organic"/><MiningField name="price"/>
  </MiningSchema>
  <Output>
    <OutputField name="chosen" feature="predictedValue" optype="categorical" dataType="string"/>
    <OutputField name="leaf" feature="entityId" optype="categorical" dataType="string"/>
    <OutputField name="chance" feature="probability" value="buy" optype="continuous" dataType="double"/>
    <OutputField name="double chance" feature="transformedValue" optype="continuous" dataType="double">
      <Apply function="*"><FieldRef field="chance"/><Constant dataType="double">2</Constant></Apply>
    </OutputField>
  </Output>
  <Node id="top"><True/>
    <Node id="red" score="buy"><SimplePredicate field="colour" operator="equal" value="red"/>
      <ScoreDistribution value="buy" recordCount="3"/><ScoreDistribution value="leave" recordCount="1"/></Node>
    <Node id="many" score="buy"><SimplePredicate field="bottles" operator="greaterThan" value="5"/>
      <ScoreDistribution value="buy" recordCount="1"/><ScoreDistribution value="leave" recordCount="0"/></Node>
    <Node id="organic" score="buy"><SimplePredicate field="organic" operator="equal" value="true"/>
      <ScoreDistribution value="buy" recordCount="1"/><ScoreDistribution value="leave" recordCount="1"/></Node>
    <Node id="rest" score="leave"><SimplePredicate field="price" operator="greaterOrEqual" value="0"/>
      <ScoreDistribution value="buy" recordCount="1"/><ScoreDistribution value="leave" recordCount="4"/></Node>
  </Node>
</TreeModel></PMML>"""

REPLACING = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
  <DataField name="x" optype="continuous" dataType="{type}"/><DataField name="y" optype="continuous" dataType="double"/>
</DataDictionary>
<RegressionModel functionName="regression">
  <MiningSchema>
    <MiningField name="y" usageType="target"/><MiningField name="x" missingValueReplacement="7"/>
  </MiningSchema>
  <RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable>
</RegressionModel></PMML>"""

SPLIT = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
  <DataField name="x" optype="continuous" dataType="float"/><DataField name="y" optype="continuous" dataType="double"/>
</DataDictionary>
<TreeModel functionName="regression" noTrueChildStrategy="returnLastPrediction">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <Node score="0"><True/>
    <Node score="1"><SimplePredicate field="x" operator="{operator}" value="{threshold}"/></Node>
  </Node>
</TreeModel></PMML>"""

RAISING = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
  <DataField name="x" optype="categorical" dataType="string"/>
  <DataField name="y" optype="continuous" dataType="double"/>
</DataDictionary>
<RegressionModel functionName="regression">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <LocalTransformations>
    <DerivedField name="flag" optype="continuous" dataType="double">
      <Apply function="if"><FieldRef field="x"/><Constant dataType="double">1</Constant>
        <Constant dataType="double">0</Constant></Apply>
    </DerivedField>
  </LocalTransformations>
  <RegressionTable intercept="1"><NumericPredictor name="flag" coefficient="2"/></RegressionTable>
</RegressionModel></PMML>"""


def objects(*values: object) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def load(data: bytes) -> Servable:
    return PypmmlEngine().load(Artifact.of(ModelFormat.PMML, data))


def score_file(path: Path, wine: Matrix) -> Scores:
    servable = load(path.read_bytes())
    return servable.score(columns_for(servable.signature, wine))


@pytest.mark.parametrize("name", SEED_CLASSIFIERS)
def test_the_originals_classifiers(shared: Path, wine: Matrix, name: str) -> None:
    scores = score_file(shared / "seed-models" / f"{name}.pmml", wine)
    assert len(scores) == ROWS
    assert_classes(scores, read_expected(shared / "seed-models" / f"expected-{name}.csv"), tolerance=1e-9)


def test_the_originals_random_forest_fails_rather_than_answering_wrongly(shared: Path, wine: Matrix) -> None:
    scores = score_file(shared / "seed-models" / f"{SEED_FOREST}.pmml", wine)
    assert [failure.row for failure in scores.failures] == list(range(ROWS))
    assert "PMML4S" in scores.failures[0].reason


@pytest.mark.parametrize("name", SEED_REGRESSIONS)
def test_the_originals_regressions(shared: Path, wine: Matrix, name: str) -> None:
    scores = score_file(shared / "seed-models" / f"{name}.pmml", wine)
    assert_values(scores, read_expected(shared / "seed-models" / f"expected-{name}.csv"))


@pytest.mark.parametrize("name", OUR_CLASSIFIERS)
def test_our_classifiers(data_dir: Path, wine: Matrix, name: str) -> None:
    scores = score_file(data_dir / f"{name}.pmml", wine)
    assert_classes(scores, read_expected(data_dir / "expected" / f"{name}.csv"), tolerance=1e-9)
    assert scores.result.dtype == np.int64
    assert scores.labels == ("3", "4", "5", "6", "7", "8")


@pytest.mark.parametrize("name", OUR_REGRESSIONS)
def test_our_regressions(data_dir: Path, wine: Matrix, name: str) -> None:
    scores = score_file(data_dir / f"{name}.pmml", wine)
    assert_values(scores, read_expected(data_dir / "expected" / f"{name}.csv"))
    assert (scores.labels, scores.probabilities, scores.outputs) == ((), None, {})


@pytest.mark.parametrize(
    ("operator", "threshold", "value"),
    [("greaterOrEqual", "0.30000001192092896", 0.3), ("lessOrEqual", "0.699999988079071", 0.7)],
)
def test_inputs_of_type_float_are_compared_as_float32(operator: str, threshold: str, value: float) -> None:
    servable = load(SPLIT.format(operator=operator, threshold=threshold).encode())
    assert servable.score(Columns(1, {"x": np.array([value])})).result.tolist() == [1.0]


def test_string_labels_stay_strings(shared: Path, wine: Matrix) -> None:
    scores = score_file(shared / "seed-models" / f"{SEED_CLASSIFIERS[0]}.pmml", wine[:3])
    assert scores.result.tolist() == ["5", "5", "5"]
    assert scores.labels == ("5", "6", "7", "4", "8", "3")


def test_the_signature_of_a_classifier(data_dir: Path) -> None:
    signature = load((data_dir / "winequality_random_forest.pmml").read_bytes()).signature
    assert {field.name for field in signature.inputs} == set(FIELDS)
    assert {field.type for field in signature.inputs} == {FieldType.FLOAT}
    assert signature.outputs[0] == Field("quality", FieldType.INTEGER)
    assert signature.outputs[1] == Field("probability(3)", FieldType.DOUBLE)


@pytest.fixture
def mixed() -> Servable:
    return load(MIXED.encode())


def mixed_columns(*rows: tuple[str | None, float, bool | None, float]) -> Columns:
    colour, bottles, organic, price = zip(*rows, strict=True)
    arrays = {"colour": objects(*colour), "bottles": np.array(bottles), "organic": objects(*organic)}
    return Columns(len(rows), {**arrays, "price": np.array(price)})


def test_inputs_of_all_types(mixed: Servable) -> None:
    assert [(field.name, field.type.value) for field in mixed.signature.inputs] == [
        ("colour", "string"),
        ("bottles", "integer"),
        ("organic", "boolean"),
        ("price", "double"),
    ]
    rows = [("red", 1.0, False, 9.0), ("rosé", 6.0, False, 9.0), ("rosé", 5.0, True, 9.0), ("rosé", 5.0, False, 9.0)]
    scores = mixed.score(mixed_columns(*rows))
    assert scores.failures == ()
    assert scores.result.tolist() == ["buy", "buy", "buy", "leave"]
    assert scores.labels == ("buy", "leave")
    assert scores.probabilities is not None
    np.testing.assert_allclose(scores.probabilities, np.array([[0.75, 0.25], [1.0, 0.0], [0.5, 0.5], [0.2, 0.8]]))


def test_every_declared_output_comes_back_in_its_type(mixed: Servable) -> None:
    scores = mixed.score(mixed_columns(("red", 1.0, False, 9.0), ("rosé", 5.0, False, 9.0)))
    assert sorted(scores.outputs) == ["double chance", "leaf"]
    assert scores.outputs["leaf"].tolist() == ["red", "rest"]
    np.testing.assert_allclose(scores.outputs["double chance"], [1.5, 0.4])
    assert [field.name for field in mixed.signature.outputs] == [
        "verdict",
        "probability(buy)",
        "probability(leave)",
        "leaf",
        "double chance",
    ]


@pytest.mark.parametrize(
    ("field", "replacement", "leaf"),
    [("colour", "red", "red"), ("bottles", "6", "many"), ("organic", "true", "organic")],
)
def test_what_is_missing_is_missing_and_not_zero_or_false(field: str, replacement: str, leaf: str) -> None:
    plain = f'<MiningField name="{field}"/>'
    assert plain in MIXED
    replacing = f'<MiningField name="{field}" missingValueReplacement="{replacement}"/>'
    servable = load(MIXED.replace(plain, replacing).encode())
    columns = mixed_columns(("rosé", 5.0, False, 9.0), ("rosé", 5.0, False, 9.0))
    columns.arrays[field][0] = np.nan if field == "bottles" else None
    assert servable.score(columns).outputs["leaf"].tolist() == [leaf, "rest"]


def test_a_value_of_another_type_fails_its_row_alone(mixed: Servable) -> None:
    columns = mixed_columns(("red", 1.0, False, 9.0), ("red", 1.5, False, 9.0), ("rosé", np.inf, False, 9.0))
    columns.arrays["colour"][0] = 3
    scores = mixed.score(columns)
    assert [(f.row, f.stage, f.cause) for f in scores.failures] == [
        (row, Stage.SCORE, Cause.INVALID_VALUE) for row in range(3)
    ]
    assert scores.failures[0].reason == "input 'colour' has to be string, not 3"
    assert scores.failures[1].reason == "input 'bottles' has to be integer of 64 bits, not 1.5"
    columns.arrays["colour"][0] = "red"
    assert [failure.row for failure in mixed.score(columns).failures] == [1, 2]
    assert mixed.score(columns).result[0] == "buy"


# Java's long ends at 2**63 - 1; the doubles beside that are 2**63 - 1024 and 2**63.
@pytest.mark.parametrize("value", [1e30, -1e30, 9.3e18, 2.0**63, -(2.0**63) - 2048])
def test_an_integer_beyond_64_bits_fails_its_row_alone(value: float) -> None:
    servable = load(REPLACING.format(type="integer").encode())
    scores = servable.score(Columns(3, {"x": np.array([2.0, value, 0.0])}))
    assert [(failure.row, failure.cause) for failure in scores.failures] == [(1, Cause.INVALID_VALUE)]
    assert scores.failures[0].reason == f"input 'x' has to be integer of 64 bits, not {value!r}"
    assert scores.result[[0, 2]].tolist() == [5.0, 1.0]


@pytest.mark.parametrize("value", [2.0**63 - 1024, -(2.0**63)])
def test_the_last_integers_of_64_bits_are_scored(value: float) -> None:
    scores = load(REPLACING.format(type="integer").encode()).score(Columns(1, {"x": np.array([value])}))
    assert scores.failures == ()
    assert scores.result.tolist() == [2 * value + 1]


JOINING = RAISING.replace(
    '<FieldRef field="x"/><Constant dataType="double">1</Constant>',
    '<Apply function="equal"><Apply function="concat">' + '<FieldRef field="x"/>' * 40 + "</Apply>"
    '<Constant dataType="string">a</Constant></Apply><Constant dataType="double">1</Constant>',
)
# The JVM's own variable goes before every option: it makes the heap of this one process small.
SMALL_HEAP = {"_JAVA_OPTIONS": "-Xmx48m"}
OUT_OF_MEMORY = """
import sys
import numpy as np
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.jvm_pmml import PypmmlEngine

def load(text):
    return PypmmlEngine().load(Artifact.of(ModelFormat.PMML, text.encode()))

def score(*values):
    return model.score(Columns(len(values), {"x": np.array(values, dtype=object)}))

document = sys.stdin.read()
model = load(document)
for length in (2_000_000, 60_000_000):  # too long when joined, too long as it is
    try:
        score("a", "b" * length, "c")
    except MemoryError as error:
        print(error)
try:
    load(document.replace("<Header/>", "<Header description='" + "b" * 60_000_000 + "'/>"))
except ModelRejected as error:
    print(error)
scores = score("a", "b", "c")
print(scores.result.tolist(), scores.failures)
"""


def test_a_full_heap_is_no_fault_of_rows_and_refuses_a_model() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_MEMORY],
        input=JOINING,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | SMALL_HEAP,
    )
    joined, given, loaded, after = done.stdout.splitlines()
    for line in (joined, given):
        assert re.fullmatch(r"The JVM's heap of \d+ MiB is full while a PMML model scores 3 records\.", line)
    assert re.match(r"The document of 60,00\d,\d{3} bytes is too big for PMML4S: .* heap of \d+ MiB is full\.", loaded)
    assert after == "[1.0, 1.0, 1.0] ()"


@pytest.mark.parametrize("kind", ["double", "float", "integer"])
def test_a_missing_value_is_replaced_as_the_model_says(kind: str) -> None:
    servable = load(REPLACING.format(type=kind).encode())
    scores = servable.score(Columns(3, {"x": np.array([2.0, np.nan, 0.0])}))
    assert scores.result.tolist() == [5.0, 15.0, 1.0]


def test_a_missing_value_of_a_regression_gives_no_value(data_dir: Path, wine: Matrix) -> None:
    matrix = wine[:3].copy()
    matrix[1] = np.nan
    scores = score_file(data_dir / "winequality_linear_regression.pmml", matrix)
    assert scores.failures == ()
    assert np.isnan(scores.result).tolist() == [False, True, False]


def test_a_missing_value_of_a_classifier_gives_no_label(data_dir: Path, wine: Matrix) -> None:
    matrix = wine[:3].copy()
    matrix[1] = np.nan
    scores = score_file(data_dir / "winequality_multilayer_perceptron.pmml", matrix)
    assert scores.failures == ()
    assert scores.result[1] is None
    assert [type(answer) for answer in scores.result.tolist()] == [int, type(None), int]


def test_a_row_for_which_the_jvm_raises_fails_alone() -> None:
    scores = load(RAISING.encode()).score(Columns(3, {"x": objects("true", "nonsense", "false")}))
    assert scores.result[[0, 2]].tolist() == [3.0, 1.0]
    (failure,) = scores.failures
    assert (failure.row, failure.stage, failure.cause) == (1, Stage.SCORE, Cause.SCORING_FAILED)
    assert failure.reason == 'For input string: "nonsense"'


@pytest.mark.parametrize(
    ("document", "error", "named"),
    [
        ('<PMML version="4.4"><Header/></PMML>', ModelRejected, "'DataDictionary' is missing"),
        ("<PMML/>", ModelRejected, "PMML4S cannot read the document: Required attribute 'version' is missing"),
        (
            '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/><DataDictionary/></PMML>',
            ModelUnsupported,
            "finds no model",
        ),
        (
            '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/><DataDictionary/>'
            '<BayesianNetworkModel functionName="regression"/></PMML>',
            ModelUnsupported,
            "'BayesianNetworkModel' is not supported",
        ),
    ],
)
def test_what_is_no_model_is_refused(document: str, error: type[ModelRejected], named: str) -> None:
    with pytest.raises(error, match=named):
        load(document.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_read_as_declared(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?>{MIXED}'.encode(encoding)
    scores = load(data).score(mixed_columns(("red", 1.0, False, 9.0), ("rosé", 9.0, False, 9.0)))
    assert scores.outputs["leaf"].tolist() == ["red", "many"]


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_models_load_in_many_threads_and_score_in_others(data_dir: Path, wine: Matrix) -> None:
    data = (data_dir / "winequality_linear_regression.pmml").read_bytes()
    engine = PypmmlEngine()
    loaded: list[Servable] = []
    results: list[list[float]] = []

    def load_one() -> None:
        loaded.append(engine.load(Artifact.of(ModelFormat.PMML, data)))

    def score_one(servable: Servable) -> None:
        results.append(servable.score(columns_for(servable.signature, wine[:50])).result.tolist())

    run_all([threading.Thread(target=load_one) for _ in range(4)])
    run_all([threading.Thread(target=score_one, args=(servable,)) for servable in loaded])
    expected = read_expected(data_dir / "expected" / "winequality_linear_regression.csv")
    wanted = [float(answer) for answer in expected.answers[:50]]
    assert len(results) == 4
    for result in results:
        np.testing.assert_allclose(result, wanted, rtol=1e-9)


PROGRAM = """
import faulthandler, signal, sys, threading
from pathlib import Path
import numpy as np
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.jvm_pmml import PypmmlEngine

before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
loaded, done = [], threading.Event()
def load():
    data = Path(sys.argv[1]).read_bytes()
    loaded.append(PypmmlEngine().load(Artifact.of(ModelFormat.PMML, data)))
    if sys.argv[2] == "staying":
        done.set()
        threading.Event().wait()
thread = threading.Thread(target=load, daemon=True)
thread.start()
done.wait() if sys.argv[2] == "staying" else thread.join()
faulthandler.disable()  # as pytest does at its end
servable = loaded[0]
columns = Columns(100, {field.name: np.ones(100) for field in servable.signature.inputs})
def score():
    for _ in range(3_000):
        answers = servable.score(columns)
    print(len(answers))
scorer = threading.Thread(target=score)
scorer.start()
scorer.join()
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
"""


@pytest.mark.parametrize("options", [[], ["-X", "faulthandler"]])
@pytest.mark.parametrize("loader", ["ending", "staying"])
def test_a_process_with_a_jvm_ends_quietly(data_dir: Path, loader: str, options: list[str]) -> None:
    model = str(data_dir / "winequality_linear_regression.pmml")
    done = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM, model, loader],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "100\n", "")
