"""Stages of the loop one by one, in this process: microseconds a record, the best of several rounds."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.wines import WINE, WINE_JSON, wine_columns
from streamscore_cli.config.sample_data import sample_data_dir
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.models import Artifact, ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.results import ScoredRows, encoder_for
from streamscore_cli.serving.scorer import score_slot

BATCH = 4000
ROUNDS = 7


def best_us(work: Callable[[], object], records: int) -> float:
    """Return the best of several rounds, in microseconds a record."""
    return min(timeit.repeat(work, number=1, repeat=ROUNDS)) / records * 1e6


def measure() -> dict[str, float]:
    """Return microseconds a record by the name of the stage."""
    rows = np.arange(BATCH, dtype=np.intp) % 1599
    columns = wine_columns().take(rows)
    figures: dict[str, float] = {}
    for name, settings in (("protobuf", WINE), ("json", WINE_JSON)):
        codec = codec_for(settings)
        values: Sequence[bytes] = codec.encode(columns)
        figures[f"decode {name} wine"] = best_us(partial(codec.decode, values), BATCH)
    for result_format in ResultFormat:
        encoder = encoder_for(result_format)
        for name, scores in (("value", _values()), ("label and 6 probabilities", _labels())):
            scored = _scored(scores)
            figures[f"encode {result_format.value} {name}"] = best_us(partial(encoder.encode, scored), BATCH)
    for file in sorted(sample_data_dir().glob("winequality_*.p*")):
        data = file.read_bytes()
        model_format = detect_format(data)
        servable = engines_for(model_format)[0].load(Artifact.of(model_format, data))
        inputs = columns.without("dataType")
        score_slot(servable, inputs, {})
        figures[f"score {file.stem}"] = best_us(partial(score_slot, servable, inputs, {}), BATCH)
        servable.close()
    return figures


def _values() -> Scores:
    return Scores(np.random.default_rng(1).uniform(3, 8, BATCH))


def _labels() -> Scores:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(6), BATCH)
    labels = tuple(str(label) for label in range(3, 9))
    return Scores(probabilities.argmax(axis=1) + 3, labels, probabilities)


def _scored(scores: Scores) -> ScoredRows:
    model = ModelIdentity("model", 7, "0" * 64)
    numbers = list(range(BATCH))
    return ScoredRows("wine", scores, model, "models_data", [0] * BATCH, numbers, [1_790_000_000_000] * BATCH)
