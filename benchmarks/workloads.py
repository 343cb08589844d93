"""Topics filled with records for measurements, with what each server needs to know of them; it measures nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.contenders import Task
from benchmarks.crayfish import payloads
from benchmarks.models import CRAYFISH, MeasuredModel
from benchmarks.wines import WINE, wine_columns
from streamscore_cli.config.settings import KafkaSettings, TopicSettings
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.kafka.options import Role, client_options
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.descriptor import encode_descriptor

PARTITIONS = 4
CHECKED = "check"
LOADED = "load-"
"""The two data topics of a kind: a few records to compare answers by, many to measure; their names are as long."""

CRAYFISH_RECORDS = """
[records]
format = "json"
data_type = "crayfish"

[records.vectors]
dataPoint = 784

[records.names]
input = "dataPoint"
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one kind: their bytes, their data types, and what the settings of `streamscore` say of them."""

    name: str
    data_types: Sequence[str]
    values: Sequence[bytes]
    settings: str

    def topic(self, use: str) -> str:
        """Return the name of the topic for a use."""
        return f"bench-{self.name}-{use}"


def kind_of(model: str) -> Kind:
    """Return the kind of records that a model scores."""
    if model == CRAYFISH:
        return Kind(CRAYFISH, [CRAYFISH], payloads(), CRAYFISH_RECORDS)
    return Kind("wine", ["wine"], codec_for(WINE).encode(wine_columns()), "")


class Workload:
    """Topics on a broker, and the files that go with them."""

    def __init__(self, brokers: str, scratch: Path) -> None:
        """Take the broker; `scratch` gets settings and results."""
        self.brokers = brokers
        self.scratch = scratch
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
        self.create(TopicSettings().dead_letters, 1)

    def create(self, topic: str, partitions: int = PARTITIONS, configs: Mapping[str, str] | None = None) -> None:
        """Make a topic."""
        for future in self._admin.create_topics([NewTopic(topic, partitions, 1, config=dict(configs or {}))]).values():
            future.result()

    def remove(self, topic: str) -> None:
        """Remove a topic."""
        for future in self._admin.delete_topics([topic]).values():
            future.result()

    def fill(self, kind: Kind, use: str, records: int, partitions: int = PARTITIONS) -> None:
        """Make a data topic and fill it with the kind's records, over and over, keyed by their number."""
        topic = kind.topic(use)
        self.create(topic, partitions)
        self.produce(topic, kind.values, records)

    def produce(self, topic: str, values: Sequence[bytes], records: int) -> None:
        """Send so many records, each to the partition of its key; raises RuntimeError when not all were taken."""
        properties = client_options(KafkaSettings(brokers=self.brokers), Role.OUTBOX).properties
        producer = Producer({**properties, "queue.buffering.max.messages": 1_000_000, "log_level": 3})
        for number in range(records):
            while True:
                try:
                    producer.produce(topic, values[number % len(values)], b"%d" % number)
                except BufferError:
                    producer.poll(0.05)
                else:
                    break
            if number % 10_000 == 0:
                producer.poll(0)
        if producer.flush(120):
            raise RuntimeError(f"not all records for {topic} were taken")

    def publish(self, kind: Kind, model: MeasuredModel) -> None:
        """Make the models topic of a model and publish it there, for each data type of the kind."""
        topic = models_topic(model)
        self.create(topic, 1, {"max.message.bytes": str(64 * 1024 * 1024)})
        data = model.path.read_bytes()
        artifact = Artifact.of(detect_format(data), data)
        descriptors = [ModelDescriptor(model.name, "", data_type, artifact) for data_type in kind.data_types]
        self.produce(topic, list(map(encode_descriptor, descriptors)), len(descriptors))

    def unpublish(self, model: MeasuredModel) -> None:
        """Remove the models topic of a model."""
        self.remove(models_topic(model))

    def settings(self, kind: Kind, model: MeasuredModel) -> Path:
        """Return a settings file for `streamscore` that names the models topic and says what records look like."""
        file = self.scratch / f"{model.name}.toml"
        file.write_text(f'[topics]\nmodels = "{models_topic(model)}"\n{kind.settings}')
        return file

    def result_file(self, model: MeasuredModel, result_format: ResultFormat) -> Path:
        """Return where one result of a model is kept, for the bare loop."""
        return self.scratch / f"{model.name}.{result_format.value}"

    @contextmanager
    def task(
        self, kind: Kind, use: str, model: MeasuredModel, result_format: ResultFormat, partitions: int = PARTITIONS
    ) -> Iterator[Task]:
        """Yield a task with a group and a results topic that are new; the topic is removed afterwards."""
        name = uuid.uuid4().hex
        scores = f"bench-scores-{name}"
        self.create(scores, partitions)
        scratch = self.scratch / name
        scratch.mkdir()
        try:
            yield Task(
                brokers=self.brokers,
                data=kind.topic(use),
                scores=scores,
                group=f"bench-{name}",
                data_type=kind.data_types[0],
                model=model,
                version=0,
                format=result_format,
                settings=self.settings(kind, model),
                result=self.result_file(model, result_format),
                scratch=scratch,
            )
        finally:
            self.remove(scores)


def models_topic(model: MeasuredModel) -> str:
    """Return the name of the models topic that holds only this model."""
    return f"bench-models-{model.name}"
