"""What every engine has to keep, whatever it loads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.engine import Servable
from tests.engines.graphs import save_module, zip_folder
from tests.engines.onnx_graphs import fixture_bytes
from tests.engines.wine import FIELDS, columns_for, load, read_matrix

Matrix = NDArray[np.float64]
KINDS = [
    "pmml classifier",
    "pmml regression",
    "tensorflow graph",
    "tensorflow saved model",
    "onnx forest",
    "onnx network",
]
FILES = {
    KINDS[0]: "winequality_multilayer_perceptron.pmml",
    KINDS[1]: "winequality_glm_gamma.pmml",
    KINDS[2]: "winequality_neural_network.pb",
}
ONNX = {KINDS[4]: "forest_maps", KINDS[5]: "network_tensor"}

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def wine(data_dir: Path) -> Matrix:
    return read_matrix(data_dir)[:200]


@pytest.fixture(scope="module", params=KINDS)
def data(request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a model of each kind."""
    if request.param in FILES:
        return (data_dir / FILES[request.param]).read_bytes()
    if request.param in ONNX:
        return fixture_bytes(ONNX[request.param])
    folder = tmp_path_factory.mktemp("saved_model")
    save_module(folder, lambda tf, x, weights: tf.nn.softmax(tf.matmul(tf.sin(x), weights) * x[:, :2]), len(FIELDS))
    return zip_folder(folder)


@pytest.fixture(scope="module")
def servable(data: bytes) -> Iterator[Servable]:
    servable = load(data)
    yield servable
    servable.close()


def assert_same(one: Scores, other: Scores) -> None:
    np.testing.assert_array_equal(one.result, other.result)
    assert one.labels == other.labels
    assert (one.probabilities is None) == (other.probabilities is None)
    if one.probabilities is not None and other.probabilities is not None:
        # TensorFlow sums float32 products in another order for another number of rows.
        np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=0, atol=1e-5)


def test_the_signature_names_inputs_and_outputs(servable: Servable) -> None:
    assert sum(field.width for field in servable.signature.inputs) == len(FIELDS)
    assert servable.signature.outputs


def test_answers_have_the_shapes_that_scores_promise(servable: Servable, wine: Matrix) -> None:
    scores = servable.score(columns_for(servable.signature, wine))
    assert scores.failures == ()
    assert scores.result.shape == (len(wine),)
    if scores.probabilities is not None:
        assert scores.probabilities.shape == (len(wine), len(scores.labels))
        assert scores.probabilities.dtype == np.float64
    assert all(values.shape == (len(wine),) for values in scores.outputs.values())


def test_an_empty_batch_has_empty_answers_of_the_same_kind(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine)
    whole, none = servable.score(columns), servable.score(columns.take(np.arange(0)))
    assert len(none) == 0
    assert (none.labels, none.failures) == (whole.labels, ())
    assert none.result.dtype == whole.result.dtype
    assert (none.probabilities is None) == (whole.probabilities is None)
    assert none.outputs.keys() == whole.outputs.keys()


def test_a_batch_of_n_is_n_batches_of_one(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine[:40])
    whole = servable.score(columns)
    for row in range(40):
        assert_same(servable.score(columns.take(np.array([row]))), whole.take(np.array([row])))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)))
def test_answers_come_in_the_order_of_the_rows(servable: Servable, wine: Matrix, order: list[int]) -> None:
    columns = columns_for(servable.signature, wine[:12])
    whole = servable.score(columns)
    assert_same(servable.score(columns.take(np.array(order))), whole.take(np.array(order)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.sets(st.integers(0, 11)), place=st.integers(0, len(FIELDS) - 1))
def test_bad_rows_do_not_change_the_others(servable: Servable, wine: Matrix, bad: set[int], place: int) -> None:
    matrix = wine[:12].copy()
    whole = servable.score(columns_for(servable.signature, matrix))
    matrix[sorted(bad), place] = np.nan
    spoilt = servable.score(columns_for(servable.signature, matrix))
    assert {failure.row for failure in spoilt.failures} <= bad
    good = np.array(sorted(set(range(12)) - bad), dtype=np.intp)
    if len(good) < 12:
        whole = whole.take(good)
        spoilt = Scores(
            spoilt.result[good], spoilt.labels, None if spoilt.probabilities is None else spoilt.probabilities[good]
        )
    assert spoilt.result.tolist() == pytest.approx(whole.result.tolist())
    assert_same(Scores(whole.result, whole.labels, spoilt.probabilities), whole)


def test_the_columns_are_not_changed(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine)
    before: dict[str, Matrix] = {name: array.copy() for name, array in columns.arrays.items()}
    servable.score(columns)
    for name, array in before.items():
        np.testing.assert_array_equal(columns.arrays[name], array)


def test_more_columns_than_inputs_do_no_harm(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine)
    more = Columns(columns.length, {"unknown": np.zeros(columns.length), **columns.arrays})
    assert_same(servable.score(more), servable.score(columns))


def test_columns_are_found_by_name(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine)
    turned = Columns(columns.length, dict(reversed(list(columns.arrays.items()))))
    assert_same(servable.score(turned), servable.score(columns))


def test_it_scores_in_another_thread_than_it_was_loaded_in(servable: Servable, wine: Matrix) -> None:
    columns = columns_for(servable.signature, wine)
    answers: list[Scores] = []
    thread = threading.Thread(target=lambda: answers.append(servable.score(columns)))
    thread.start()
    thread.join()
    assert_same(answers[0], servable.score(columns))


def test_two_servables_of_one_model_are_independent(data: bytes, servable: Servable, wine: Matrix) -> None:
    other = load(data)
    columns = columns_for(servable.signature, wine)
    assert_same(other.score(columns), servable.score(columns))
    other.close()
    other.close()
    assert len(servable.score(columns)) == len(wine)
