"""Wine records and models for the tests on a real Kafka, and their results read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.kafka.reader import TopicReader
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.descriptor import encode_descriptor
from streamscore_cli.records.results import ResultRecord, decode_result

WAIT_S = 60.0


def wines(settings: Settings, data_dir: Path, data_type: str = "wine") -> list[bytes]:
    """Return the 1,599 wines, encoded."""
    rows = [line.split(";") for line in (data_dir / "winequality_red.csv").read_text().split()]
    values = np.array(rows, dtype=np.float64)
    codec = codec_for(settings.records)
    assert codec.fields is not None
    names = [field.name for field in codec.fields][:11]
    arrays = {name: values[:, place] for place, name in enumerate(names)}
    kinds = np.full(len(rows), data_type, dtype=object)
    return codec.encode(Columns(len(rows), {**arrays, "dataType": kinds}))


def send(settings: Settings, values: Iterable[bytes], keys: Iterable[bytes | None]) -> None:
    """Publish records and see them acknowledged."""
    with KafkaOutbox(settings) as outbox:
        for key, value in zip(keys, values, strict=False):
            outbox.send(settings.topics.data[0], key, value)
        assert outbox.flush(WAIT_S)
        assert outbox.failed == 0


def send_model(settings: Settings, file: Path, data_type: str = "wine", name: str = "") -> None:
    """Publish a model by value."""
    data = file.read_bytes()
    artifact = Artifact.of(detect_format(data), data)
    descriptor = ModelDescriptor(name or file.stem, "", data_type, artifact)
    send_raw_model(settings, encode_descriptor(descriptor))


def send_raw_model(settings: Settings, value: bytes) -> None:
    """Publish bytes to the models topic."""
    with KafkaOutbox(settings) as outbox:
        outbox.send(settings.topics.models, b"wine", value)
        assert outbox.flush(WAIT_S)


@dataclass(frozen=True)
class KeyedResult:
    """A result with the key that its message has, and its own place."""

    key: bytes | None
    partition: int
    result: ResultRecord


def read_results(settings: Settings) -> list[KeyedResult]:
    """Return all results of the topic as they are now, by partition and offset."""
    with TopicReader(settings, settings.topics.scores) as reader:
        return [
            KeyedResult(key, partition, decode_result(value or b"", ResultFormat.JSON))
            for batch in reader
            for key, partition, value in zip(batch.keys, batch.partitions, batch.values, strict=True)
        ]


def source_of(result: KeyedResult) -> tuple[int, int]:
    """Return partition and offset of the record that a result is for."""
    return result.result.partition, result.result.offset


def expected_rows(file: Path) -> list[Mapping[str, str]]:
    """Return the expected answers, one row a wine."""
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def assert_as_expected(results: Mapping[int, ResultRecord], expected: Sequence[Mapping[str, str]]) -> None:
    """Compare answers by row with the training library's: labels exactly, values to 1e-9, graphs (p0..) to 1e-5."""
    assert results.keys() == set(range(len(expected)))
    graph = "p0" in expected[0]
    answer = "predicted" if graph else "quality"
    classes = [name for name in expected[0] if name != answer]
    for row, wanted in enumerate(expected):
        result = results[row]
        if not classes:
            assert isinstance(result.result, float)
            assert abs(result.result - float(wanted["quality"])) <= 1e-9 * abs(float(wanted["quality"]))
            continue
        assert str(result.result) == wanted[answer], f"row {row}"
        for name in classes:
            label = name[1:] if graph else name.removeprefix("probability(").removesuffix(")")
            found = result.probabilities[label]
            assert found is not None
            assert abs(found - float(wanted[name])) <= (1e-5 if graph else 1e-9)
