"""Zipped SavedModels, against TensorFlow's own loader, and archives that are attacks."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.failures import Cause
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.tensorflow_archive import ArchiveLimits
from streamscore_cli.engines.tensorflow_engine import TensorFlowEngine
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow
from tests.engines.graphs import save_module, with_member, zip_folder
from tests.engines.wine import load

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a small good model, zipped."""
    folder = tmp_path_factory.mktemp("model")
    return zip_folder(save_module(folder, lambda tf, x, weights: tf.nn.softmax(tf.matmul(x, weights))))


def load_saved_model(data: bytes, limits: ArchiveLimits | None = None) -> Any:
    return TensorFlowEngine(limits).load(Artifact.of(ModelFormat.TENSORFLOW_SAVED_MODEL, data))


@pytest.mark.parametrize("prefix", ["", "ffnn/", "models/ffnn/1/"])
def test_the_crayfish_model_answers_as_tensorflow_does(shared: Path, prefix: str) -> None:
    folder = shared / "crayfish" / "savedmodel"
    servable = load(zip_folder(folder, prefix))
    assert servable.signature == Signature(
        (Field("input_1", FieldType.FLOAT, width=784),), (Field("Dense", FieldType.FLOAT, width=10),)
    )
    points = np.random.default_rng(7).random((50, 784))
    scores = servable.score(Columns(50, {"input_1": points}))
    tf = import_tensorflow()
    wanted = tf.saved_model.load(str(folder)).signatures["serving_default"](tf.constant(points, tf.float32))["Dense"]
    assert scores.probabilities is not None
    np.testing.assert_allclose(scores.probabilities, wanted.numpy(), rtol=1e-5)
    assert scores.result.tolist() == wanted.numpy().argmax(axis=1).tolist()


def test_a_keras_model_answers_as_keras_does(tmp_path: Path) -> None:
    tf = import_tensorflow()
    inputs = [tf.keras.Input((), name="year"), tf.keras.Input((2, 2), name="grid")]
    flat = tf.keras.layers.Concatenate()(
        [tf.keras.layers.Reshape((1,))(inputs[0]), tf.keras.layers.Flatten()(inputs[1])]
    )
    hidden = tf.keras.layers.Dropout(0.5)(tf.keras.layers.Dense(4, activation="relu")(flat))
    outputs = {
        "chance": tf.keras.layers.Dense(3, activation="softmax", name="chance")(hidden),
        "price": tf.keras.layers.Dense(1, name="price")(hidden),
    }
    model = tf.keras.Model(inputs, outputs)
    model.export(str(tmp_path / "model"), verbose=False)
    servable = load(zip_folder(tmp_path / "model"))
    assert {(field.name, field.width) for field in servable.signature.inputs} == {("year", 1), ("grid", 4)}
    year, grid = np.array([1.0, 2.0, 3.0]), np.random.default_rng(3).random((3, 4))
    scores = servable.score(Columns(3, {"year": year, "grid": grid}))
    wanted = model([tf.constant(year, tf.float32), tf.constant(grid.reshape(3, 2, 2), tf.float32)])
    assert scores.probabilities is not None
    np.testing.assert_allclose(scores.probabilities, wanted["chance"].numpy(), rtol=1e-5)
    np.testing.assert_allclose(scores.outputs["price"], wanted["price"].numpy()[:, 0], rtol=1e-5)


def test_outputs_are_in_the_order_that_people_count_in(tmp_path: Path) -> None:
    folder = save_module(tmp_path / "m", lambda tf, x, w: [tf.reduce_sum(x, axis=1) * (i + 1.0) for i in range(11)])
    scores = load(zip_folder(folder)).score(Columns(1, {"x": np.ones((1, 3))}))
    assert scores.result.tolist() == [3.0]
    assert list(scores.outputs) == [f"output_{place}" for place in range(1, 11)]
    assert scores.outputs["output_10"].tolist() == [33.0]


def test_a_missing_number_fails_its_row(archive: bytes) -> None:
    x = np.ones((3, 3))
    x[1, 0] = np.nan
    scores = load(archive).score(Columns(3, {"x": x}))
    assert [(failure.row, failure.cause, failure.reason) for failure in scores.failures] == [
        (1, Cause.MISSING_INPUT, "input 'x', number 1, is missing")
    ]


def test_the_only_signature_is_taken_and_of_two_none(tmp_path: Path) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    folder = save_module(tmp_path / "m", lambda tf, x, w: tf.matmul(x, w))
    model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    signatures = model.meta_graphs[0].signature_def
    signatures["mine"].CopyFrom(signatures["serving_default"])
    del signatures["serving_default"]
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    assert load(zip_folder(folder)).signature.inputs == (Field("x", FieldType.FLOAT, width=3),)
    signatures["yours"].CopyFrom(signatures["mine"])
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ModelUnsupported, match="no signature 'serving_default' but 2 others"):
        load(zip_folder(folder))


def test_nothing_is_left_on_disk(tmp_path: Path) -> None:
    folder = save_module(tmp_path / "model", lambda tf, x, w: tf.matmul(x, w))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    engine = TensorFlowEngine(scratch=scratch)
    servable = engine.load(Artifact.of(ModelFormat.TENSORFLOW_SAVED_MODEL, zip_folder(folder)))
    assert list(scratch.iterdir()) == []
    assert len(servable.score(Columns(1, {"x": np.ones((1, 3))}))) == 1
    servable.close()
    (data,) = (folder / "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:5])
    with pytest.raises(ModelRejected, match="TensorFlow does not take the graph"):
        engine.load(Artifact.of(ModelFormat.TENSORFLOW_SAVED_MODEL, zip_folder(folder)))
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "mode", "named"),
    [
        ("../evil", stat.S_IFREG, "leads out of its directory"),
        ("variables/../../evil", stat.S_IFREG, "leads out of its directory"),
        ("/etc/evil", stat.S_IFREG, "leads out of its directory"),
        ("C:evil", stat.S_IFREG, "leads out of its directory"),
        ("a\\..\\evil", stat.S_IFREG, "leads out of its directory"),
        ("variables/variables.link", stat.S_IFLNK, "a link or a device"),
        ("variables/variables.dev", stat.S_IFCHR, "a link or a device"),
        ("variables/variables.fifo", stat.S_IFIFO, "a link or a device"),
        ("./saved_model.pb", stat.S_IFREG, "'saved_model.pb' twice"),
        ("second/saved_model.pb", stat.S_IFREG, "2 files saved_model.pb"),
    ],
)
def test_hostile_members_are_refused(archive: bytes, name: str, mode: int, named: str) -> None:
    with pytest.raises(ModelRejected, match=named):
        load(with_member(archive, name, b"/etc/passwd", mode | 0o644))


def test_a_bomb_is_refused_by_its_ratio(archive: bytes) -> None:
    with pytest.raises(ModelRejected, match="unpacks to more than 100 times its size"):
        load(with_member(archive, "assets/zeros", bytes(20_000_000)))


def test_members_and_bytes_are_limited(archive: bytes) -> None:
    with pytest.raises(ModelRejected, match="members, the limit is 2"):
        load_saved_model(archive, ArchiveLimits(max_members=2))
    with pytest.raises(ModelRejected, match="bytes, the limit is 100"):
        load_saved_model(archive, ArchiveLimits(max_bytes=100))


def test_a_member_that_lies_about_its_size_is_refused(archive: bytes) -> None:
    content = b"not in any model"
    data = with_member(archive, "variables/variables.data-00001-of-00002", content * 1000)
    real, fake = (16_000).to_bytes(4, "little"), (16).to_bytes(4, "little")
    assert data.count(real) >= 2
    with pytest.raises(ModelRejected, match=r"cannot be read|bigger than it says|no readable zip"):
        load(data.replace(real, fake))


def test_an_encrypted_member_is_refused(archive: bytes) -> None:
    data = bytearray(with_member(archive, "zzz"))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(ModelRejected, match="encrypted"):
        load(bytes(data))


def test_an_unreadable_archive_is_refused(archive: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("saved_model.pb", b"\xff" * 40)
    with pytest.raises(ModelRejected, match=r"saved_model\.pb is not readable"):
        load(buffer.getvalue())
    with pytest.raises(ModelRejected, match="no readable zip file"):
        load_saved_model(archive[: len(archive) // 2])


def test_other_files_in_the_directory_are_not_looked_at(archive: bytes) -> None:
    servable = load(with_member(with_member(archive, "saved_model.pbtxt", b"evil"), "saved_model.cpb", b"evil"))
    assert servable.score(Columns(1, {"x": np.zeros((1, 3))})).result.tolist() == [0]
