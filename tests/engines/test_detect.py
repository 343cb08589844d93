"""Formats told from content; expected formats are those of the tools that wrote the files."""

from __future__ import annotations

import gzip
import io
import pickle
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import ModelFormat
from streamscore_cli.engines.detect import detect_format

DOCUMENT = '<?xml version="1.0" encoding="{0}"?>\n<!-- a comment -->\n<PMML version="4.4"/>'


def zip_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def test_the_sample_models(data_dir: Path) -> None:
    for path in sorted(data_dir.glob("*.pmml")):
        assert detect_format(path.read_bytes()) is ModelFormat.PMML
    assert detect_format((data_dir / "winequality_neural_network.pb").read_bytes()) is ModelFormat.TENSORFLOW


def test_the_originals_models(shared: Path) -> None:
    for path in sorted((shared / "seed-models").glob("*.pmml")):
        assert detect_format(path.read_bytes()) is ModelFormat.PMML
    graph = (shared / "seed-models" / "optimized_WineQuality.pb").read_bytes()
    assert detect_format(graph) is ModelFormat.TENSORFLOW
    assert detect_format((shared / "crayfish" / "model-ffnn.onnx").read_bytes()) is ModelFormat.ONNX


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_pmml_in_any_encoding(encoding: str) -> None:
    text = DOCUMENT.format(encoding.removesuffix("-sig"))
    assert detect_format(text.encode(encoding)) is ModelFormat.PMML


def test_pmml_without_a_declaration_after_white_space() -> None:
    assert detect_format(b"\n\n  <PMML/>") is ModelFormat.PMML


def test_a_frozen_graph_that_begins_as_a_document_may() -> None:
    node = b"\x0a\x2d" + b"n" * 45 + b"\x12\x0bPlaceholder"
    assert len(node) == ord("<")
    assert detect_format(b"\n<" + node) is ModelFormat.TENSORFLOW
    assert detect_format(b"\n<PMML/>" + b" " * 52) is ModelFormat.PMML


def test_onnx_by_its_version_and_its_graph() -> None:
    graph = b"\x3a\x06\x0a\x04\x22\x02If"
    assert detect_format(b"\x08\x08" + graph) is ModelFormat.ONNX
    assert detect_format(graph + b"\x42\x02\x10\x11" + b"\x08\x08") is ModelFormat.ONNX


def test_a_saved_model_archive() -> None:
    assert detect_format(zip_of("saved_model.pb", "variables/variables.index")) is ModelFormat.TENSORFLOW_SAVED_MODEL
    assert detect_format(zip_of("wine/saved_model.pb")) is ModelFormat.TENSORFLOW_SAVED_MODEL


def test_a_saved_model_without_its_variables_says_what_to_do(shared: Path) -> None:
    data = (shared / "crayfish" / "savedmodel" / "saved_model.pb").read_bytes()
    with pytest.raises(ModelRejected, match=r"saved_model\.pb alone.*zip archive of the whole SavedModel directory"):
        detect_format(data)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "empty"),
        *((pickle.dumps({"a": 1}, protocol), "Python pickle") for protocol in range(6)),
        (zlib.compress(pickle.dumps([1])), "joblib"),
        (gzip.compress(b"anything"), "gzip-compressed"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "HDF5"),
        (zip_of("config.json", "metadata.json", "model.weights.h5"), "Keras archive"),
        (zip_of("archive/data.pkl", "archive/version"), "PyTorch archive"),
        (zip_of("readme.txt"), r"zip archive without a saved_model\.pb"),
        (zip_of("saved_model.pb")[:-30], "zip archive that cannot be read"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 40, "TensorFlow Lite"),
        (b"\x18\0\0\0ORTM" + b"\0" * 40, "ONNX Runtime's own format"),
        (b"<html/>", "root element 'html', not PMML"),
        (b"<!DOCTYPE PMML><PMML/>", "DOCTYPE"),
        (b"<PMML", "not well-formed"),
        (b"just some text", "of no format known here"),
        (bytes(range(256)), "of no format known here"),
        (b"\x0a", "of no format known here"),
        (b"\x0a\xff\xff\xff\xff\x0f", "of no format known here"),
    ],
)
def test_everything_else_is_named_and_refused(data: bytes, named: str) -> None:
    with pytest.raises(ModelRejected, match=named):
        detect_format(data)


def test_looking_imports_no_run_time() -> None:
    code = (
        "import sys; from streamscore_cli.engines.detect import detect_format; detect_format(b'<PMML/>');"
        "print(sorted({'tensorflow', 'onnxruntime', 'jpype', 'google.protobuf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
