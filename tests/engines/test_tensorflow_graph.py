"""Frozen graphs, against what TensorFlow answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported, StreamscoreError
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.registry import engines_for
from tests.engines.graphs import frozen_graph, pruned_to
from tests.engines.wine import columns_for, load, read_expected

pytestmark = pytest.mark.tensorflow
Matrix = NDArray[np.float64]


def check_wine(graph: Path, answers: Path, wine: Matrix) -> None:
    servable = load(graph.read_bytes())
    scores = servable.score(columns_for(servable.signature, wine))
    expected = read_expected(answers)
    assert scores.failures == ()
    assert scores.result.dtype == np.int64
    assert [str(answer) for answer in scores.result] == expected.answers
    assert scores.labels == tuple(str(place) for place in range(9))
    assert scores.probabilities is not None
    assert scores.probabilities.dtype == np.float64
    for place in range(9):
        np.testing.assert_allclose(scores.probabilities[:, place], expected.numbers[f"p{place}"], rtol=1e-5, atol=1e-8)


def test_the_originals_graph(shared: Path, wine: Matrix) -> None:
    folder = shared / "seed-models"
    check_wine(folder / "optimized_WineQuality.pb", folder / "expected-optimized_WineQuality.csv", wine)


def test_our_graph(data_dir: Path, wine: Matrix) -> None:
    name = "winequality_neural_network"
    check_wine(data_dir / f"{name}.pb", data_dir / "expected" / f"{name}.csv", wine)


def test_the_signature_even_where_the_placeholder_has_no_shape(shared: Path) -> None:
    servable = load((shared / "seed-models" / "optimized_WineQuality.pb").read_bytes())
    assert servable.signature == Signature(
        (Field("dense_1_input", FieldType.FLOAT, width=11),), (Field("dense_3/Sigmoid", FieldType.FLOAT, width=9),)
    )


def one_unit(tf: Any, x: Any) -> Any:
    return tf.matmul(x, tf.constant([[1.0], [10.0], [100.0]]), name="y")


@pytest.fixture(scope="module")
def regression() -> Servable:
    return load(frozen_graph(one_unit))


def test_one_output_unit_is_a_regression(regression: Servable) -> None:
    scores = regression.score(Columns(2, {"x": np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])}))
    assert scores.result.dtype == np.float64
    assert scores.result.tolist() == [321.0, 0.0]
    assert (scores.labels, scores.probabilities) == ((), None)


def test_a_missing_number_fails_its_row_and_names_its_place(regression: Servable) -> None:
    x = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, np.nan], [4.0, 5.0, 6.0]])
    scores = regression.score(Columns(3, {"x": x}))
    (failure,) = scores.failures
    assert (failure.row, failure.stage, failure.cause) == (1, Stage.SCORE, Cause.MISSING_INPUT)
    assert failure.reason == "input 'x', number 2, is missing"
    assert scores.result[[0, 2]].tolist() == [321.0, 654.0]


def test_a_batch_of_bad_rows_only(regression: Servable) -> None:
    scores = regression.score(Columns(2, {"x": np.full((2, 3), np.nan)}))
    assert [failure.row for failure in scores.failures] == [0, 1]
    assert len(scores) == 2


def test_scalar_inputs_of_all_types() -> None:
    def build(tf: Any, x: Any) -> Any:
        count = tf.compat.v1.placeholder(tf.int32, (None,), name="count")
        flag = tf.compat.v1.placeholder(tf.bool, (None, 1), name="flag")
        text = tf.compat.v1.placeholder(tf.string, (None,), name="text")
        tf.identity(tf.reduce_sum(x, axis=1) + tf.cast(count, tf.float32), name="a_sum")
        tf.identity(tf.logical_not(flag), name="b_not")
        tf.strings.join([text, "!"], name="c_text")

    servable = load(frozen_graph(build))
    assert [(field.name, field.type.value, field.width) for field in servable.signature.inputs] == [
        ("x", "float", 3),
        ("count", "integer", 1),
        ("flag", "boolean", 1),
        ("text", "string", 1),
    ]
    text, flag = np.empty(4, dtype=object), np.empty(4, dtype=object)
    text[:], flag[:] = ["rosé", None, "", "a"], [True, False, False, "no"]
    columns = Columns(4, {"x": np.ones((4, 3)), "count": np.array([1.0, 2.0, 2.5, 3.0]), "flag": flag, "text": text})
    scores = servable.score(columns)
    assert [(failure.row, failure.cause, failure.reason) for failure in scores.failures] == [
        (1, Cause.MISSING_INPUT, "input 'text' is missing"),
        (2, Cause.INVALID_VALUE, "input 'count' has to be int32, not 2.5"),
        (3, Cause.INVALID_VALUE, "input 'flag' has to be bool, not 'no'"),
    ]
    assert scores.result[0] == 4.0
    assert scores.outputs["b_not"][0] == np.False_
    assert scores.outputs["c_text"][0] == "rosé!"


def test_further_outputs_are_columns() -> None:
    def build(tf: Any, x: Any) -> Any:
        tf.nn.softmax(x, name="a_chances")
        tf.add(x, x, name="b_twice")
        tf.argmax(x, axis=1, name="c_best")

    scores = load(frozen_graph(build)).score(Columns(2, {"x": np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])}))
    assert scores.result.tolist() == [2, 0]
    assert {name: values.tolist() for name, values in scores.outputs.items()} == {
        "b_twice[0]": [2.0, 6.0],
        "b_twice[1]": [4.0, 4.0],
        "b_twice[2]": [6.0, 2.0],
        "c_best": [2, 0],
    }


def test_ties_go_to_the_first() -> None:
    scores = load(frozen_graph(lambda tf, x: tf.identity(x, name="y"))).score(Columns(1, {"x": np.ones((1, 3))}))
    assert scores.result.tolist() == [0]


def test_an_answer_that_is_no_number_fails_its_row() -> None:
    x = np.array([[1.0, 2.0, 3.0], [-1.0, 2.0, 3.0]])
    scores = load(frozen_graph(lambda tf, x: tf.math.log(x, name="y"))).score(Columns(2, {"x": x}))
    assert [(failure.row, failure.cause) for failure in scores.failures] == [(1, Cause.SCORING_FAILED)]
    assert scores.result[0] == 2


def test_control_flow_in_functions_is_run() -> None:
    def build(tf: Any, x: Any) -> Any:
        total = tf.while_loop(lambda i, _: i < 3, lambda i, t: (i + 1, t + x), (0, tf.zeros_like(x)))[1]
        tf.reduce_sum(total, axis=1, name="y")

    servable = load(pruned_to(frozen_graph(build), "y"))
    assert servable.score(Columns(1, {"x": np.array([[1.0, 2.0, 3.0]])})).result.tolist() == [18.0]


@pytest.mark.parametrize(
    ("build", "error", "named"),
    [
        (lambda tf, _: tf.compat.v1.placeholder(tf.float32, (1, 4), name="z") + 1.0, ModelUnsupported, "fixed shape"),
        (lambda tf, _: tf.compat.v1.placeholder(tf.float32, name="z") + 1.0, ModelUnsupported, "'z' does not say how"),
        (lambda tf, _: tf.compat.v1.placeholder(tf.complex64, (None,)) + 1.0, ModelUnsupported, "type complex64"),
        (lambda tf, _: tf.no_op(), ModelUnsupported, "no input"),
        (lambda tf, x: tf.raw_ops.Assert(condition=True, data=[x]), ModelRejected, "no output"),
        (lambda tf, x: tf.reduce_sum(x), ModelRejected, "no output"),
    ],
)
def test_what_can_not_be_asked_is_refused(build: Any, error: type[ModelRejected], named: str) -> None:
    with pytest.raises(error, match=named):
        load(frozen_graph(build))


def test_a_truncated_graph_is_refused(data_dir: Path) -> None:
    data = (data_dir / "winequality_neural_network.pb").read_bytes()
    (engine,) = engines_for(ModelFormat.TENSORFLOW)
    for end in range(1, len(data), 211):
        with pytest.raises(ModelRejected):
            engine.load(Artifact.of(ModelFormat.TENSORFLOW, data[:end]))


def test_a_graph_that_does_not_fit_together_is_refused() -> None:
    data = frozen_graph(lambda tf, x: tf.nn.relu(x, name="y")).replace(b"Relu", b"Elux")
    with pytest.raises(ModelRejected, match="'Elux' \\(node 'y'\\)"):
        load(data)
    with pytest.raises(ModelRejected, match="TensorFlow does not take the graph"):
        load(frozen_graph(lambda tf, x: tf.nn.relu(x, name="y")).replace(b"Relu", b"Case"))


def test_where_tensorflow_can_not_say_which_row_it_raises() -> None:
    servable = load(
        frozen_graph(lambda tf, x: tf.gather(tf.constant([1.0, 2.0]), tf.cast(x[:, 0], tf.int32), name="y"))
    )
    assert servable.score(Columns(1, {"x": np.ones((1, 3))})).result.tolist() == [2.0]
    with pytest.raises(StreamscoreError, match="TensorFlow failed to score: indices\\[1\\] = 7 is not in"):
        servable.score(Columns(2, {"x": np.array([[1.0, 1, 1], [7, 7, 7]])}))
    flat = load(frozen_graph(lambda tf, x: tf.reshape(x, (-1,), name="y")))
    with pytest.raises(StreamscoreError, match="'y' has the shape \\[6\\] for 2 records"):
        flat.score(Columns(2, {"x": np.ones((2, 3))}))
