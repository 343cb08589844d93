"""The engine that a server loads PMML with: the same answers as the native one, from another process or from a disk."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.choices import Fallback
from streamscore_cli.core.errors import LoadAbandoned, ModelRejected
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.compile_document import compile_document
from streamscore_cli.engines.compiled_cache import SUFFIX, CompiledCache
from streamscore_cli.engines.compiled_pmml import (
    SMALL_BYTES,
    CompiledPmmlEngine,
    cache_directory,
    cache_key,
    compiled_apart,
    compiled_here,
)
from streamscore_cli.engines.pmml_guard import PmmlLimits
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.engines.short_turns import TURN_S
from tests.engines.wine import assert_classes, columns_for, read_expected, read_matrix

FOREST = "winequality_random_forest"
LIMITS = PmmlLimits()


@dataclass(slots=True)
class Here:
    """Compiles in this process, and counts."""

    times: int = 0

    def __call__(self, data: bytes | memoryview) -> memoryview:
        self.times += 1
        return memoryview(compile_document(bytes(data), LIMITS))


def engine_with(directory: Path, limits: PmmlLimits = LIMITS) -> tuple[CompiledPmmlEngine, Here]:
    here = Here()
    return CompiledPmmlEngine(here, CompiledCache(directory, 1 << 30), limits), here


def artifact_of(data_dir: Path, name: str = FOREST) -> Artifact:
    return Artifact.of(ModelFormat.PMML, (data_dir / f"{name}.pmml").read_bytes())


def check_answers(engine: CompiledPmmlEngine, data_dir: Path) -> None:
    """Compare all answers with those of the library that trained the model."""
    servable = engine.load(artifact_of(data_dir))
    scores = servable.score(columns_for(servable.signature, read_matrix(data_dir)))
    assert_classes(scores, read_expected(data_dir / "expected" / f"{FOREST}.csv"), tolerance=1e-9)


def test_a_model_from_a_process_and_then_from_the_disk_answers_as_the_library_that_trained_it(
    data_dir: Path, tmp_path: Path
) -> None:
    settings = ModelSettings(cache_dir=str(tmp_path / "models"))
    with compiled_apart(settings, lambda: False) as engine:
        check_answers(engine, data_dir)
    assert len(list((tmp_path / "models").iterdir())) == 1
    never = replace(settings, compile_timeout_s=0.0)
    with compiled_apart(never, lambda: True) as engine:
        check_answers(engine, data_dir)
        with pytest.raises(LoadAbandoned):
            engine.load(artifact_of(data_dir, "winequality_linear_regression"))


def test_the_second_load_compiles_nothing(data_dir: Path, tmp_path: Path) -> None:
    for times in (1, 0, 0):
        engine, here = engine_with(tmp_path)
        check_answers(engine, data_dir)
        assert here.times == times


def test_a_touched_entry_is_said_and_compiled_anew(
    data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine, here = engine_with(tmp_path)
    check_answers(engine, data_dir)
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    odd = [whole[:-1], whole[:40], b"", whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], b"\0" * len(whole)]
    for times, data in enumerate(odd, start=2):
        file.write_bytes(data)
        check_answers(engine, data_dir)
        assert here.times == times
        assert file.read_bytes() == whole
    assert len(caplog.records) == len(odd)
    assert "is broken, compiling anew" in caplog.text


def test_an_entry_of_another_document_is_none(data_dir: Path, tmp_path: Path) -> None:
    engine, here = engine_with(tmp_path)
    engine.load(artifact_of(data_dir, "winequality_linear_regression"))
    [file] = tmp_path.iterdir()
    file.rename(tmp_path / (cache_key(artifact_of(data_dir).sha256, LIMITS) + SUFFIX))
    check_answers(engine, data_dir)
    assert here.times == 2


def test_a_document_within_other_limits_is_compiled_and_checked_again(data_dir: Path, tmp_path: Path) -> None:
    artifact = artifact_of(data_dir)
    engine_with(tmp_path)[0].load(artifact)
    small, here = engine_with(tmp_path, PmmlLimits(max_nodes=10))
    small.load(artifact)
    assert here.times == 1
    tiny, here = engine_with(tmp_path, PmmlLimits(max_bytes=10))
    with pytest.raises(ModelRejected, match="has 450,853 bytes, the limit is 10"):
        tiny.load(artifact)
    assert here.times == 0


def test_the_key_changes_with_the_document_and_its_limits() -> None:
    keys = {
        cache_key("a" * 64, LIMITS),
        cache_key("b" * 64, LIMITS),
        cache_key("a" * 64, PmmlLimits(max_depth=1)),
        cache_key("a" * 64, PmmlLimits(max_nodes=1)),
    }
    assert len(keys) == 4
    assert all(len(key) == 64 for key in keys)


def test_nothing_is_kept_of_a_model_that_is_refused(tmp_path: Path) -> None:
    engine, _ = engine_with(tmp_path)
    for data in (b"<!DOCTYPE PMML><PMML/>", b"<PMML version='4.4'/>"):
        with pytest.raises(ModelRejected):
            engine.load(Artifact.of(ModelFormat.PMML, data))
    assert list(tmp_path.iterdir()) == []


def test_what_no_store_wrote_is_a_refusal(tmp_path: Path) -> None:
    engine = CompiledPmmlEngine(memoryview, CompiledCache(tmp_path, 1 << 30), LIMITS)
    with pytest.raises(ModelRejected, match="These bytes are no stored model"):
        engine.load(Artifact.of(ModelFormat.PMML, b"<PMML/>" * 100))
    assert list(tmp_path.iterdir()) == []


def test_a_users_own_file_is_compiled_here_and_kept_where_that_is_worth_it(data_dir: Path, tmp_path: Path) -> None:
    engine = compiled_here(ModelSettings(cache_dir=str(tmp_path)))
    assert engine is not None
    small = artifact_of(data_dir, "winequality_linear_regression")
    assert small.size_bytes < SMALL_BYTES
    engine.load(small)
    assert list(tmp_path.iterdir()) == []
    check_answers(engine, data_dir)
    assert len(list(tmp_path.iterdir())) == 1
    shallow = compiled_here(ModelSettings(cache_dir=str(tmp_path), max_depth=1))
    assert shallow is not None
    with pytest.raises(ModelRejected, match="nests deeper than 1 "):
        shallow.load(artifact_of(data_dir))


@pytest.mark.parametrize(
    "settings", [ModelSettings(cache_dir=""), ModelSettings(cache_dir="off"), ModelSettings(cache_size=0)]
)
def test_the_cache_can_be_turned_off(settings: ModelSettings) -> None:
    assert compiled_here(settings) is None
    with compiled_apart(settings, lambda: False) as engine:
        assert engine._cache is None


def test_where_models_are_kept(tmp_path: Path) -> None:
    assert cache_directory("", {}) is None
    assert cache_directory("off", {"XDG_CACHE_HOME": str(tmp_path)}) is None
    assert cache_directory("auto", {"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "streamscore" / "models"
    assert cache_directory("auto", {"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "streamscore" / "models"
    assert cache_directory("auto", {}) == Path.home() / ".cache" / "streamscore" / "models"
    assert cache_directory("~/here", {}) == Path.home() / "here"
    assert cache_directory(str(tmp_path), {}) == tmp_path


def test_it_stands_in_for_the_native_engine_and_for_no_other(tmp_path: Path) -> None:
    native, _ = engine_with(tmp_path)
    both = engines_for(ModelFormat.PMML, ModelSettings(fallback=Fallback.PYPMML), native)
    assert both[0] is native
    assert [engine.name for engine in both] == ["pmml", "pypmml"]
    assert engines_for(ModelFormat.TENSORFLOW, native_pmml=native)[0].name == "tensorflow"
    with pytest.raises(ModelRejected, match="DOCTYPE"):
        both[1].load(Artifact.of(ModelFormat.PMML, b"<!DOCTYPE PMML><PMML/>"))


def test_a_load_leaves_the_turns_of_threads_as_they_were(data_dir: Path, tmp_path: Path) -> None:
    before = sys.getswitchinterval()
    assert before > TURN_S
    engine, _ = engine_with(tmp_path)
    engine.load(artifact_of(data_dir))
    assert sys.getswitchinterval() == before
    with pytest.raises(ModelRejected):
        CompiledPmmlEngine(memoryview, None, LIMITS).load(artifact_of(data_dir))
    assert sys.getswitchinterval() == before


def test_a_cache_that_cannot_be_used_harms_no_model(
    data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    engine, here = engine_with(tmp_path / "file")
    check_answers(engine, data_dir)
    check_answers(engine, data_dir)
    assert here.times == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_inputs_are_those_of_the_document(data_dir: Path, tmp_path: Path) -> None:
    engine, _ = engine_with(tmp_path)
    signature = engine.load(artifact_of(data_dir)).signature
    assert signature == engines_for(ModelFormat.PMML)[0].load(artifact_of(data_dir)).signature
