"""Which engine loads what."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.pmml_guard import PmmlLimits
from streamscore_cli.engines.registry import engine_for, is_installed


def test_the_engines_that_come_with_the_package() -> None:
    assert engine_for(ModelFormat.PMML).name == "pypmml"
    assert engine_for(ModelFormat.TENSORFLOW).name == "tensorflow"
    assert engine_for(ModelFormat.TENSORFLOW_SAVED_MODEL).name == "tensorflow"


def test_a_format_without_an_engine_says_what_to_do() -> None:
    assert not is_installed(ModelFormat.ONNX)
    with pytest.raises(ModelUnsupported, match=r"'onnx' is installed.*Convert the model to one of pmml, tensorflow"):
        engine_for(ModelFormat.ONNX)


def test_what_is_installed_here() -> None:
    assert is_installed(ModelFormat.PMML)
    has_tensorflow = find_spec("tensorflow") is not None  # there is not a wheel for every Python
    assert is_installed(ModelFormat.TENSORFLOW) is has_tensorflow
    assert is_installed(ModelFormat.TENSORFLOW_SAVED_MODEL) is has_tensorflow


def test_no_pmml_engine_sees_an_unchecked_document() -> None:
    engine = engine_for(ModelFormat.PMML, PmmlLimits(max_bytes=10))
    with pytest.raises(ModelRejected, match="has 20 bytes, the limit is 10"):
        engine.load(Artifact.of(ModelFormat.PMML, b" " * 20))
    with pytest.raises(ModelRejected, match="DOCTYPE"):
        engine_for(ModelFormat.PMML).load(Artifact.of(ModelFormat.PMML, b"<!DOCTYPE PMML><PMML/>"))


def test_making_engines_imports_no_run_time() -> None:
    code = (
        "import sys; from streamscore_cli.engines.registry import engine_for, is_installed;"
        "from streamscore_cli.core.models import ModelFormat as F;"
        "engine_for(F.PMML); engine_for(F.TENSORFLOW); is_installed(F.TENSORFLOW);"
        "print(sorted({'tensorflow', 'jpype', 'pypmml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_installed_package_can_bring_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onnx_for_tests.py").write_text("class Engine:\n    name = 'third-party'\n")
    info = tmp_path / "onnx_for_tests-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: onnx-for-tests\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[streamscore.engines]\nonnx = onnx_for_tests:Engine\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert is_installed(ModelFormat.ONNX)
    assert engine_for(ModelFormat.ONNX).name == "third-party"
