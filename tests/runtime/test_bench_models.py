"""Models of a benchmark: new ones each time, and the same ones all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.publishing.models import Naming, OutgoingModel, outgoing_model
from streamscore_cli.records.descriptor import decode_descriptor
from streamscore_cli.runtime.bench_models import fresh


def artifact_of(model: OutgoingModel) -> Artifact:
    artifact = decode_descriptor(model.value).artifact
    assert artifact is not None
    return artifact


def load_and_score(artifact: Artifact) -> list[float]:
    [engine] = engines_for(artifact.format)
    servable = engine.load(artifact)
    inputs = {field.name: np.arange(3.0) for field in servable.signature.inputs}
    result: list[float] = servable.score(Columns(3, inputs)).result.tolist()
    return result


def test_a_pmml_model_is_a_new_one_each_time_and_scores_the_same(data_dir: Path) -> None:
    model = outgoing_model(data_dir / "winequality_linear_regression.pmml", Naming("wine"))
    first, second = fresh(model, "1a2b3c4d 0"), fresh(model, "1a2b3c4d 1")
    shas = {artifact_of(one).sha256 for one in (model, first, second)}
    assert len(shas) == 3
    assert first.key == b"wine"
    assert decode_descriptor(first.value).name == "winequality_linear_regression"
    scores = [load_and_score(artifact_of(one)) for one in (model, second)]
    assert scores[0] == scores[1] != []


@pytest.mark.parametrize("name", ["winequality_neural_network.pb"])
def test_other_formats_go_as_they_are(data_dir: Path, name: str) -> None:
    model = outgoing_model(data_dir / name, Naming("wine"))
    assert fresh(model, "1a2b3c4d 0") is model
