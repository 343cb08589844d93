"""The wines as bytes and as a filled topic, for the measurements."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streamscore_cli.config.sample_data import sample_data_dir
from streamscore_cli.config.settings import RecordSettings, Settings
from streamscore_cli.core.choices import RecordFormat
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.descriptor import encode_descriptor

WINE = RecordSettings()
WINE_JSON = RecordSettings(format=RecordFormat.JSON)


def wine_columns() -> Columns:
    """Return the 1,599 wines as the columns of a WineRecord."""
    text = (sample_data_dir() / "winequality_red.csv").read_text()
    values = np.array([line.split(";") for line in text.split()], dtype=np.float64)
    fields = codec_for(WINE).fields or ()
    arrays = {field.name: values[:, place] for place, field in enumerate(fields[:11])}
    return Columns(len(values), {**arrays, "dataType": np.full(len(values), "wine", dtype=object)})


def fill(settings: Settings, topic: str, records: int) -> None:
    """Publish that many wines, keyed by their number."""
    values = codec_for(WINE).encode(wine_columns())
    with KafkaOutbox(settings) as outbox:
        for number in range(records):
            outbox.send(topic, b"%d" % number, values[number % len(values)])
        outbox.flush(120)


def publish_model(settings: Settings, topic: str, name: str) -> Path:
    """Publish a sample model to a models topic and return its file."""
    [file] = sample_data_dir().glob(f"{name}.p*")
    data = file.read_bytes()
    descriptor = ModelDescriptor(name, "", "wine", Artifact.of(detect_format(data), data))
    with KafkaOutbox(settings) as outbox:
        outbox.send(topic, b"wine", encode_descriptor(descriptor))
        outbox.flush(60)
    return file
