"""Stages of the loop one by one, in this process: microseconds of processor time a record, the best of several rounds.

`python -m benchmarks.micro` prints and keeps them: decoding and encoding by batch size, scoring by engine, model and
batch size. A model whose run time is not installed is named as absent.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.crayfish import FLOATS, payloads
from benchmarks.kept import keep
from benchmarks.models import CRAYFISH, ORIGINALS, ROOT, SHARED, MeasuredModel, measured_model
from benchmarks.wines import WINE, WINE_JSON, wine_columns
from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RecordFormat, ResultFormat
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.models import Artifact, ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.results import ScoredRows, ScoredTogether, encoder_for
from streamscore_cli.serving.binding import Names
from streamscore_cli.serving.scorer import score_slot

BATCHES = (1, 16, 256, 4000)
ROUNDS = 7
ROUND_S = 0.02
CRAYFISH_JSON = RecordSettings(format=RecordFormat.JSON, data_type=CRAYFISH, vectors={"dataPoint": FLOATS})
CRAYFISH_NAMES = {"input": "dataPoint"}

T = TypeVar("T")
Costs = dict[str, float]
Table = dict[str, Costs]


def best_us(work: Callable[[], object], records: int) -> float:
    """Return the best of several rounds of runs, in microseconds of processor time a record, all threads counted."""
    work()
    return min(_round_s(work) for _ in range(ROUNDS)) / records * 1e6


def _round_s(work: Callable[[], object]) -> float:
    runs, begun_s = 0, time.process_time()
    while True:
        work()
        runs += 1
        spent_s = time.process_time() - begun_s
        if spent_s >= ROUND_S:
            return spent_s / runs


def by_batch(work: Callable[[T], object], batches: Mapping[int, T]) -> Costs:
    """Return what `work` costs by the size of the batch that it is given."""
    return {str(size): best_us(partial(work, batch), size) for size, batch in batches.items()}


def decoding() -> Table:
    """Return what reading records costs."""
    wines = wine_columns()
    kinds: dict[str, tuple[RecordSettings, Sequence[bytes]]] = {
        "decode protobuf wine": (WINE, codec_for(WINE).encode(wines)),
        "decode JSON wine": (WINE_JSON, codec_for(WINE_JSON).encode(wines)),
        "decode JSON Crayfish (784 floats)": (CRAYFISH_JSON, payloads()),
    }
    table: Table = {}
    for name, (settings, values) in kinds.items():
        decode = codec_for(settings).decode
        rows = {size: [values[row % len(values)] for row in range(size)] for size in BATCHES}
        table[name] = by_batch(decode, rows)
    return table


def encoding() -> Table:
    """Return what writing results costs."""
    table: Table = {}
    for result_format in ResultFormat:
        encode = encoder_for(result_format).encode
        for name, scores in (("a value", _values), ("a label and 6 probabilities", _labels)):
            rows = {size: _scored(scores(size)) for size in BATCHES}
            table[f"encode {result_format.value} {name}"] = by_batch(encode, rows)
    return table


def scoring(scratch: Path) -> Table:
    """Return what binding and scoring cost by model; a model that cannot be loaded here has no costs."""
    table: Table = {}
    for model, columns, names in _models(scratch):
        data = model.path.read_bytes()
        model_format = detect_format(data)
        name = f"score {model_format.value} {model.name} ({model.origin})"
        try:
            servable = engines_for(model_format)[0].load(Artifact.of(model_format, data))
        except (StreamscoreError, ImportError) as error:
            print(f"{name}: absent: {error}", file=sys.stderr)
            table[name] = {}
            continue
        batches = {size: columns.take(np.arange(size, dtype=np.intp) % columns.length) for size in BATCHES}
        table[name] = by_batch(partial(_score, servable, names), batches)
        servable.close()
    return table


def _models(scratch: Path) -> Iterator[tuple[MeasuredModel, Columns, dict[str, str]]]:
    wines = wine_columns().without("dataType")
    for name in ORIGINALS:
        yield measured_model(name, scratch), wines, {}
    original = SHARED / "seed-models" / "optimized_WineQuality.pb"
    sample = ROOT / "data" / "winequality_neural_network.pb"
    there = original.is_file()
    yield MeasuredModel("neural_network", original if there else sample, "original" if there else "sample"), wines, {}
    floats = np.random.default_rng(1).random((256, FLOATS), dtype=np.float32).astype(np.float64)
    yield measured_model(CRAYFISH, scratch), Columns(len(floats), {"dataPoint": floats}), CRAYFISH_NAMES


def _score(servable: Servable, names: Names, columns: Columns) -> object:
    return score_slot(servable, columns, names)


def _values(size: int) -> Scores:
    return Scores(np.random.default_rng(1).uniform(3, 8, size))


def _labels(size: int) -> Scores:
    probabilities = np.random.default_rng(1).dirichlet(np.ones(6), size)
    places = probabilities.argmax(axis=1)
    labels = tuple(str(label) for label in range(3, 9))
    return Scores(np.array(labels, dtype=object)[places], labels, probabilities)


def _scored(scores: Scores) -> ScoredTogether:
    model = ModelIdentity("model", 7, "0" * 64)
    size = len(scores)
    places = [0] * size, list(range(size)), [1_790_000_000_000] * size
    return ScoredRows("wine", scores, model, "models_data", *places).alone()


def measure() -> Table:
    """Return microseconds a record by stage and batch size."""
    with tempfile.TemporaryDirectory(prefix="streamscore-bench-") as scratch:
        return {**decoding(), **encoding(), **scoring(Path(scratch))}


def lines_of(table: Table) -> list[str]:
    """Return the figures as a table."""
    head = f"{'us of processor time a record, batch of':60}" + "".join(f"{size:>10}" for size in BATCHES)
    cells = {name: "".join(f"{cost:10.3f}" for cost in costs.values()) or "    absent" for name, costs in table.items()}
    return [head, *(f"{name:60}{text}" for name, text in cells.items())]


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="micro", help="what the file under benchmarks/results is called")
    options = parser.parse_args()
    table = measure()
    print("\n".join(lines_of(table)))
    print(f"kept in {keep(options.name, {'costs_us': table})}", file=sys.stderr)


if __name__ == "__main__":
    main()
