"""ONNX models against scikit-learn's own answers (tests/engines/onnx) and ONNX Runtime called directly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported, StreamscoreError
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import ModelFormat
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.engines.onnx_runtime import MAX_ARENA_BYTES
from streamscore_cli.serving.admission import warm_up
from tests.engines.graphs import frozen_graph
from tests.engines.onnx_graphs import (
    BOOL,
    DOUBLE,
    FLOAT,
    FOLDER,
    STRING,
    add_node,
    fixture_bytes,
    load_onnx,
    new_model,
    one_op,
    parsed,
    set_tensor,
    set_value,
)
from tests.engines.wine import assert_classes, assert_values, load, read_expected

Matrix = NDArray[np.float64]
LABELS = ("3", "4", "5", "6", "7", "8")


@pytest.fixture(scope="module")
def records(data_dir: Path) -> Matrix:
    """Return the records that the models of tests/engines/onnx were made from."""
    return np.loadtxt(data_dir / "winequality_red.csv", delimiter=";")[::16, :11]


def directly(data: bytes, feeds: dict[str, NDArray[Any]]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # with more of them it adds up in another order
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    answers: list[Any] = session.run(None, feeds)
    return answers


@pytest.mark.parametrize("name", ["forest_maps", "forest_tensor", "network_tensor"])
def test_classifiers_answer_as_scikit_learn_does(name: str, records: Matrix) -> None:
    servable = load(fixture_bytes(name))
    scores = servable.score(Columns(len(records), {"wine": records}))
    assert scores.labels == LABELS
    assert scores.result.dtype == np.int64
    assert dict(scores.outputs) == {}
    # The models compute in float32: what is next to nothing has few digits.
    expected = read_expected(FOLDER / f"{name}.csv")
    assert [str(answer) for answer in scores.result.tolist()] == expected.answers
    assert scores.probabilities is not None
    for place, label in enumerate(LABELS):
        np.testing.assert_allclose(
            scores.probabilities[:, place], expected.numbers[f"probability({label})"], atol=1e-6, rtol=1e-5
        )


@pytest.mark.parametrize("name", ["forest_maps", "forest_tensor"])
@pytest.mark.parametrize("rows", [1, 16, 100])
def test_a_table_of_probabilities_is_what_the_maps_say(name: str, rows: int, records: Matrix) -> None:
    part = records[:rows]
    scores = load_onnx(fixture_bytes(name)).score(Columns(rows, {"wine": part}))
    label, maps = directly(fixture_bytes("forest_maps"), {"wine": part.astype(np.float32)})
    assert scores.result.tolist() == label.tolist()
    assert scores.probabilities is not None
    assert scores.probabilities.tolist() == [[one[int(text)] for text in scores.labels] for one in maps]


def test_the_signature_tells_the_table_in_place_of_the_maps() -> None:
    assert load_onnx(fixture_bytes("forest_maps")).signature == Signature(
        (Field("wine", FieldType.FLOAT, width=11),),
        (Field("output_label", FieldType.INTEGER), Field("output_probability", FieldType.FLOAT, width=6)),
    )


def test_a_column_a_class_is_further_outputs(records: Matrix) -> None:
    scores = load_onnx(fixture_bytes("forest_columns")).score(Columns(len(records), {"wine": records}))
    expected = read_expected(FOLDER / "forest_columns.csv")
    assert [str(answer) for answer in scores.result.tolist()] == expected.answers
    assert scores.labels == ()
    for label in LABELS:
        np.testing.assert_allclose(scores.outputs[f"i{label}"], expected.numbers[f"probability({label})"], atol=1e-6)


def test_a_double_regression_answers_as_scikit_learn_does(records: Matrix) -> None:
    scores = load_onnx(fixture_bytes("ridge_double")).score(Columns(len(records), {"wine": records}))
    assert_values(scores, read_expected(FOLDER / "ridge_double.csv"))


def test_a_float_regression_answers_as_scikit_learn_does(records: Matrix) -> None:
    scores = load_onnx(fixture_bytes("boosted_regression")).score(Columns(len(records), {"wine": records}))
    expected = [float(answer) for answer in read_expected(FOLDER / "boosted_regression.csv").answers]
    assert scores.result.dtype == np.float64
    np.testing.assert_allclose(scores.result, expected, rtol=1e-6)


def test_missing_numbers_are_the_models_own_affair(records: Matrix) -> None:
    gaps = records.copy()
    gaps[::3, 1] = np.nan
    scores = load_onnx(fixture_bytes("gaps_logistic")).score(Columns(len(gaps), {"wine": gaps}))
    expected = read_expected(FOLDER / "gaps_logistic.csv")
    assert scores.failures == ()
    assert [str(answer) for answer in scores.result.tolist()] == expected.answers
    assert scores.probabilities is not None
    np.testing.assert_allclose(scores.probabilities[:, 1], expected.numbers["probability(1)"], atol=1e-6)


def mixed(records: Matrix) -> dict[str, NDArray[Any]]:
    region = np.where(records[:, 0].astype(np.float32) > 8, "north", "south").astype(object)
    sulfur = np.trunc(records[:, 6])
    return {"alcohol": records[:, 10], "pH": records[:, 8], "sulfur": sulfur, "region": region}


def test_one_input_a_field_of_several_types(records: Matrix) -> None:
    servable = load_onnx(fixture_bytes("mixed_fields"))
    kinds = [FieldType.FLOAT, FieldType.FLOAT, FieldType.INTEGER, FieldType.STRING]
    assert [field.type for field in servable.signature.inputs] == kinds
    scores = servable.score(Columns(len(records), mixed(records)))
    assert scores.labels == ("good", "plain")
    assert_classes(scores, read_expected(FOLDER / "mixed_fields.csv"), tolerance=1e-6)


def test_rows_that_lack_a_text_or_have_half_a_count_fail_alone(records: Matrix) -> None:
    columns = mixed(records)
    columns["region"][2] = None
    columns["sulfur"] = columns["sulfur"].copy()
    columns["sulfur"][[3, 4]] = [2.5, np.nan]
    servable = load_onnx(fixture_bytes("mixed_fields"))
    scores = servable.score(Columns(len(records), columns))
    assert [(failure.row, failure.stage, failure.cause, failure.reason) for failure in scores.failures] == [
        (2, Stage.SCORE, Cause.MISSING_INPUT, "input 'region' is missing"),
        (3, Stage.SCORE, Cause.INVALID_VALUE, "input 'sulfur' has to be int64, not 2.5"),
        (4, Stage.SCORE, Cause.MISSING_INPUT, "input 'sulfur' is missing"),
    ]
    expected = read_expected(FOLDER / "mixed_fields.csv").answers
    assert scores.result[5:].tolist() == expected[5:]


def test_a_batch_without_a_good_row_still_has_the_answers_types() -> None:
    servable = load_onnx(fixture_bytes("mixed_fields"))
    columns = {name: np.full(3, np.nan) for name in ("alcohol", "pH", "sulfur")}
    scores = servable.score(Columns(3, {**columns, "region": np.full(3, None, dtype=object)}))
    assert len(scores.failures) == len(scores) == 3
    assert scores.labels == ("good", "plain")
    empty = servable.score(Columns(0, {name: column[:0] for name, column in mixed(np.ones((1, 11))).items()}))
    assert len(empty) == 0
    assert empty.result.dtype == object


def test_the_crayfish_model_answers_as_onnx_runtime_does(shared: Path) -> None:
    data = (shared / "crayfish" / "model-ffnn.onnx").read_bytes()
    servable = load(data)
    warm_up(servable)
    assert servable.signature == Signature(
        (Field("input", FieldType.FLOAT, width=784),), (Field("output", FieldType.FLOAT, width=10),)
    )
    points = np.random.default_rng(7).random((50, 784))
    (wanted,) = directly(data, {"input": points.astype(np.float32).reshape(50, 1, 784)})
    for matrix in (points, points.astype(np.float32), np.asfortranarray(points)):
        scores = servable.score(Columns(50, {"input": matrix}))
        assert scores.labels == tuple("0123456789")
        assert scores.probabilities is not None
        np.testing.assert_array_equal(scores.probabilities, wanted.astype(np.float64))
        assert scores.result.tolist() == wanted.argmax(axis=1).tolist()


@pytest.mark.tensorflow
def test_tensorflow_gives_the_crayfish_models_answers_to_its_weights(shared: Path) -> None:
    data = (shared / "crayfish" / "model-ffnn.onnx").read_bytes()
    weights = {
        tensor.name: np.frombuffer(tensor.raw_data, np.float32).reshape(tensor.dims)
        for tensor in parsed(data).graph.initializer
    }
    layers = ["input_layer", *(f"hidden_layers.{place}" for place in range(3)), "output_layer"]

    def build(tf: Any, x: Any) -> None:
        for layer in layers:
            x = tf.matmul(x, tf.constant(weights[f"{layer}.weight"].T)) + tf.constant(weights[f"{layer}.bias"])
            x = x if layer == layers[-1] else tf.nn.relu(x)

    points = np.random.default_rng(7).random((50, 784))
    wanted = load(frozen_graph(build, 784)).score(Columns(50, {"x": points}))
    scores = load(data).score(Columns(50, {"input": points}))
    assert scores.probabilities is not None
    assert wanted.probabilities is not None
    np.testing.assert_allclose(scores.probabilities, wanted.probabilities, atol=1e-5)
    assert scores.result.tolist() == wanted.result.tolist()


def test_an_answer_that_is_no_number_fails_its_row() -> None:
    scores = load_onnx(one_op("Softmax").SerializeToString()).score(
        Columns(2, {"x": np.array([[1, 2, 3], [1, np.nan, 3]])})
    )
    assert [(failure.row, failure.cause) for failure in scores.failures] == [(1, Cause.SCORING_FAILED)]
    assert scores.result[0] == 2


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("rows", [1, 3, 4, 9])
def test_a_model_of_one_size_of_batch_answers_any(batch: int, rows: int, records: Matrix) -> None:
    model = parsed(fixture_bytes("forest_tensor"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    fixed = load_onnx(model.SerializeToString()).score(Columns(rows, {"wine": records[:rows]}))
    opened = load_onnx(fixture_bytes("forest_tensor")).score(Columns(rows, {"wine": records[:rows]}))
    assert fixed.result.tolist() == opened.result.tolist()
    assert fixed.probabilities is not None
    np.testing.assert_array_equal(fixed.probabilities, opened.probabilities)


def test_inputs_of_truths_texts_and_doubles() -> None:
    model = new_model()
    for name, kind in (("flag", BOOL), ("word", STRING), ("big", DOUBLE)):
        set_value(model.graph.input.add(), name, kind, ("n",))
        set_value(model.graph.output.add(), f"{name} again", kind, None)
        add_node(model.graph, "Identity", [name], [f"{name} again"])
    columns = {
        "flag": np.array([True, False, "no"], dtype=object),
        "word": np.array(["a", "ü", ""], dtype=object),
        "big": np.array([1e300, 0.1, 2.0]),
    }
    scores = load_onnx(model.SerializeToString()).score(Columns(3, columns))
    assert [failure.reason for failure in scores.failures] == ["input 'flag' has to be bool, not 'no'"]
    assert scores.result[:2].tolist() == [True, False]
    assert scores.outputs["word again"][:2].tolist() == ["a", "ü"]
    assert scores.outputs["big again"][:2].tolist() == [1e300, 0.1]


@pytest.mark.parametrize(
    ("op", "kind", "sizes", "error", "named"),
    [
        (
            "Relu",
            FLOAT,
            ("n", "k"),
            ModelUnsupported,
            r"does not say how many numbers it takes: its shape is \[\?, \?\]",
        ),
        ("Relu", FLOAT, (), ModelUnsupported, "one value for a whole batch"),
        ("Relu", FLOAT, (7,), ModelUnsupported, r"shape \[7\]: one record or many is not told"),
        ("Identity", STRING, ("n", 2), ModelUnsupported, "takes 2 values of type string a record"),
        ("Identity", 16, ("n", 2), ModelUnsupported, r"tensor\(bfloat16\)"),
        ("Relu", FLOAT, ("n", 1_000_001), ModelRejected, "takes 1,000,001 numbers a record"),
        ("Relu", FLOAT, (20_000, 2), ModelRejected, "takes 20,000 records at once"),
    ],
)
def test_inputs_that_no_batch_of_records_fits(
    op: str, kind: int, sizes: tuple[int | str, ...], error: type[ModelRejected], named: str
) -> None:
    with pytest.raises(error, match=named):
        load_onnx(one_op(op, kind, sizes).SerializeToString())


def test_inputs_that_do_not_agree_on_the_number_of_records() -> None:
    model = one_op("Relu")
    set_value(model.graph.input.add(), "z", FLOAT, (2, 3))
    model.graph.node[0].op_type = "Add"
    model.graph.node[0].input.append("z")
    with pytest.raises(ModelUnsupported, match=r"do not agree.*'x' \[\?, 3\], 'z' \[2, 3\]"):
        load_onnx(model.SerializeToString())


def test_an_output_that_is_not_one_row_a_record_is_refused_by_the_warm_up() -> None:
    model = one_op("ReduceSum")
    set_value(model.graph.output.add(), "y again", FLOAT, None)
    add_node(model.graph, "Identity", ["y"], ["y again"])
    with pytest.raises(ModelRejected, match=r"output 'y' has the shape \[1, 1\] for 64 records"):
        warm_up(load_onnx(model.SerializeToString()))


def test_what_onnx_runtime_does_not_take_says_why() -> None:
    with pytest.raises(ModelRejected, match=r"ONNX Runtime does not take the model: .*Relu"):
        load_onnx(one_op("Relu", STRING, ("n", 1)).SerializeToString())


def test_a_batch_that_wants_too_much_memory_fails_and_the_next_one_does_not() -> None:
    wide = MAX_ARENA_BYTES // 64 // 4
    model = new_model()
    set_value(model.graph.input.add(), "x", FLOAT, ("n", 1))
    set_value(model.graph.output.add(), "y", FLOAT, None)
    set_tensor(model.graph.initializer.add(), "repeats", np.array([1, wide], np.int64))
    set_tensor(model.graph.initializer.add(), "axis", np.array([1], np.int64))
    add_node(model.graph, "Tile", ["x", "repeats"], ["t"])
    add_node(model.graph, "ReduceSum", ["t", "axis"], ["y"])
    servable = load_onnx(model.SerializeToString())
    with pytest.raises(StreamscoreError, match="ONNX Runtime failed to score"):
        servable.score(Columns(64, {"x": np.zeros(64)}))
    assert servable.score(Columns(1, {"x": np.ones(1)})).result.tolist() == [wide]


def test_closing_twice_is_no_error() -> None:
    servable = load_onnx(fixture_bytes("ridge_double"))
    servable.close()
    servable.close()


def test_the_fixtures_are_told_by_their_content() -> None:
    for path in sorted(FOLDER.glob("*.onnx")):
        assert detect_format(path.read_bytes()) is ModelFormat.ONNX


def test_without_onnx_runtime_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from streamscore_cli.core.errors import MissingDependency\n"
        "from streamscore_cli.core.models import Artifact, ModelFormat\n"
        "from streamscore_cli.engines.registry import engines_for\n"
        "try:\n    engines_for(ModelFormat.ONNX)[0].load(Artifact.of(ModelFormat.ONNX, b''))\n"
        "except MissingDependency as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'streamscore[onnx]'" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_loading_and_scoring_starts_no_thread() -> None:
    code = (
        "from pathlib import Path; from tests.engines.onnx_graphs import *\n"
        "from streamscore_cli.engines.onnx_runtime import import_onnx_runtime\n"
        "from streamscore_cli.serving.admission import warm_up\n"
        "def threads(): return len(list(Path('/proc/self/task').iterdir()))\n"
        "import_onnx_runtime(); before = threads()\n"
        "servable = load_onnx(fixture_bytes('network_tensor')); warm_up(servable)\n"
        "print(threads() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "0\n"


def test_loading_and_scoring_says_nothing_on_standard_error() -> None:
    code = (
        "import sys; from pathlib import Path; from tests.engines.onnx_graphs import *\n"
        "from streamscore_cli.core.errors import ModelRejected\n"
        "from streamscore_cli.serving.admission import warm_up\n"
        "warm_up(load_onnx(fixture_bytes('forest_maps')))\n"
        "try:\n    load_onnx(one_op('Relu', STRING).SerializeToString())\nexcept ModelRejected:\n    print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")
