"""Which engine loads what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.choices import Fallback
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.registry import engines_for


def names(model_format: ModelFormat, models: ModelSettings | None = None) -> list[str]:
    return [engine.name for engine in engines_for(model_format, models or ModelSettings())]


def test_the_engines_that_come_with_the_package() -> None:
    assert names(ModelFormat.PMML) == ["pmml"]
    assert names(ModelFormat.TENSORFLOW) == ["tensorflow"]
    assert names(ModelFormat.TENSORFLOW_SAVED_MODEL) == ["tensorflow"]
    assert names(ModelFormat.ONNX) == ["onnx"]


def test_pypmml_tries_what_the_first_engine_does_not_support_only_where_the_settings_say_so() -> None:
    assert names(ModelFormat.PMML, ModelSettings(fallback=Fallback.PYPMML)) == ["pmml", "pypmml"]
    assert names(ModelFormat.TENSORFLOW, ModelSettings(fallback=Fallback.PYPMML)) == ["tensorflow"]


def test_every_format_has_an_engine() -> None:
    assert all(names(model_format) for model_format in ModelFormat)


def test_no_pmml_engine_sees_an_unchecked_document() -> None:
    for engine in engines_for(ModelFormat.PMML, ModelSettings(max_bytes=10, fallback=Fallback.PYPMML)):
        with pytest.raises(ModelRejected, match="has 20 bytes, the limit is 10"):
            engine.load(Artifact.of(ModelFormat.PMML, b" " * 20))
    for engine in engines_for(ModelFormat.PMML, ModelSettings(fallback=Fallback.PYPMML)):
        with pytest.raises(ModelRejected, match="DOCTYPE"):
            engine.load(Artifact.of(ModelFormat.PMML, b"<!DOCTYPE PMML><PMML/>"))


def test_making_engines_imports_no_run_time() -> None:
    code = (
        "import sys; from streamscore_cli.engines.registry import engines_for;"
        "from streamscore_cli.core.models import ModelFormat as F;"
        "engines_for(F.PMML); engines_for(F.TENSORFLOW); engines_for(F.ONNX);"
        "print(sorted({'tensorflow', 'onnxruntime', 'jpype', 'pypmml'} & set(sys.modules)))"
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
    assert names(ModelFormat.ONNX) == ["third-party"]
