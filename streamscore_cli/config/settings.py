"""The tree of settings with defaults and help texts; where values come from is `loader.py`'s matter.

Names follow the original application where it had one (`kafka.brokers`, `publisher.data_dir`, `model_server.port`).
Every leaf's metadata: `help`, and where there are any `env` (environment names besides the regular one, which is
`STREAMSCORE_` + the path in capitals joined by `_`) and `secret`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from streamscore_cli.core.choices import (
    Fallback,
    LogFormat,
    NoModel,
    OnError,
    OnGap,
    Points,
    RecordFormat,
    ResultFormat,
)

T = TypeVar("T")

EXAMPLE_MESSAGE = "streamscore.WineRecord"
EXAMPLE_DATA_TYPE = "wine"


def setting(default: T, help_text: str, *, env: tuple[str, ...] = (), secret: bool = False) -> T:
    """Declare a leaf of the tree; `default` is never changed, so that one object may serve all."""
    metadata = {"help": help_text, "env": env, "secret": secret}
    return field(default_factory=lambda: default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, slots=True, repr=False)
class KafkaSettings:
    """How to reach Kafka; the tables pass any librdkafka property through, the dangerous ones refused."""

    brokers: str = setting(
        "localhost:29092", "Bootstrap servers, host:port separated by commas.", env=("KAFKA_BROKERS_LIST",)
    )
    properties: Mapping[str, str] = setting({}, "librdkafka properties for every client (TLS, SASL).")
    consumer: Mapping[str, str] = setting({}, "librdkafka properties for the data consumer only.")
    producer: Mapping[str, str] = setting({}, "librdkafka properties for producers only.")
    bulk: bool = setting(
        default=True,
        help_text="Read and produce many records in one call; false: a call of the client for each.",
    )

    def __repr__(self) -> str:
        """Return the address and the names of what is passed through; values may be secrets."""
        passed = sorted({*self.properties, *self.consumer, *self.producer})
        return f"KafkaSettings(brokers={self.brokers!r}, passed through: {', '.join(passed) or 'nothing'})"


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """The names of the topics, and what `topics create` gives them."""

    data: tuple[str, ...] = setting(("models_data",), "Data topics; a name starting with ^ is a regular expression.")
    models: str = setting("models_models", "The models topic: exactly one partition, kept for ever.")
    scores: str = setting("models_scores", "Where results go, unless a data topic names its own.")
    dead_letters: str = setting("models_dead_letters", "Where records go that could not be scored.")
    status: str = setting("models_status", "Heartbeats and snapshots of the instances.")
    events: str = setting("models_events", "What servers did with models.")
    partitions: int = setting(4, "Partitions of a data topic that `topics create` makes.")
    replication_factor: int = setting(-1, "Replicas of a topic that is made; -1 takes the broker's default.")


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """How the records of a data topic look."""

    format: RecordFormat = setting(RecordFormat.PROTOBUF, "protobuf or json.")
    message: str = setting(EXAMPLE_MESSAGE, "The protobuf message type, as package.Message.")
    descriptor_set: str = setting("", "A descriptor-set file (protoc -o) that holds the message type; empty: built in.")
    fields: tuple[str, ...] = setting((), "JSON: the fields of a record, in order (needed by models with one tensor).")
    vectors: Mapping[str, int] = setting(
        {}, "JSON: the fields that are lists of numbers = how many; with any, only declared fields are read."
    )
    data_type_field: str = setting("dataType", "The field that names a record's data type.")
    data_type: str = setting("", "The data type of records that do not name one.")
    names: Mapping[str, str | tuple[str, ...]] = setting(
        {}, "Model input = record field, where the names differ; a list for a tensor."
    )
    results: str = setting("", "The topic for results of this data topic; empty: topics.scores.")

    @property
    def implied_data_type(self) -> str:
        """Return the data type of records that name none: the one given, else that of the built-in example."""
        is_example = self.format is RecordFormat.PROTOBUF and self.message == EXAMPLE_MESSAGE
        return self.data_type or (EXAMPLE_DATA_TYPE if is_example else "")


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How records are scored."""

    group: str = setting("streamscore", "The consumer group; its instances share the partitions.")
    no_model: NoModel = setting(
        NoModel.WAIT, "Records of a declared data type without a model: wait, drop, dead-letter."
    )
    on_error: OnError = setting(OnError.DEAD_LETTER, "Records that cannot be scored: dead-letter, skip, stop.")
    on_gap: OnGap = setting(OnGap.STOP, "Records deleted by retention before they were read: stop, continue.")
    results: ResultFormat = setting(ResultFormat.JSON, "Results as json or protobuf.")
    data_types: tuple[str, ...] = setting((), "Data types declared besides those that the models topic has held.")
    batch_records: int = setting(4000, "Records of a batch, at most.")
    batch_wait_s: float = setting(0.05, "How long an idle poll waits; a record that is there never waits.")
    short_time_slices: bool = setting(
        default=True,
        help_text="Ask Linux to run the scoring thread soon after it wakes; false where a sandbox kills who asks.",
    )


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """When results, dead letters and offsets become true together."""

    interval_s: float = setting(0.1, "Time from the first record of a checkpoint to its commit, at most.")
    records: int = setting(50_000, "Records of a checkpoint, at most.")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What a model may be."""

    max_bytes: int = setting(64 * 1024 * 1024, "The largest model that is admitted, in bytes.")
    max_depth: int = setting(256, "The deepest nesting of elements in a PMML document.")
    max_nodes: int = setting(5_000_000, "The most elements in a PMML document.")
    fallback: Fallback = setting(
        Fallback.REFUSE, "PMML that the engine `pmml` does not support: refuse it, or let pypmml try."
    )
    compile_timeout_s: float = setting(
        120.0, "The processor time that compiling a PMML document may take; five times as much on the clock."
    )
    compile_memory: int = setting(
        0, "The bytes of memory that compiling may take; 0: 256 MB and 24 times the document."
    )
    cache_dir: str = setting(
        "auto", "Where compiled models are kept; auto: streamscore/models in XDG_CACHE_HOME or ~/.cache; off: nowhere."
    )
    cache_size: int = setting(1024 * 1024 * 1024, "The bytes that compiled models take there, at most; 0: none.")


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """What `publish all` sends and how often, as in the original."""

    data_publish_interval_s: float = setting(1.0, "From record to record.", env=("DATA_PUBLISH_INTERVAL",))
    model_publish_interval_s: float = setting(300.0, "From model to model.", env=("MODEL_PUBLISH_INTERVAL",))
    data_dir: str = setting("./data", "The directory of the data file and the models.", env=("DATA_DIRECTORY",))
    data_file: str = setting("winequality_red.csv", "The data file in that directory.", env=("DATA_FILENAME",))


@dataclass(frozen=True, slots=True)
class ModelServerSettings:
    """The HTTP side of `serve`; read-only."""

    host: str = setting("127.0.0.1", "The address to listen on.")
    port: int = setting(5500, "The port to listen on; 0 picks a free one.", env=("MODEL_SERVER_PORT",))
    legacy_ports: bool = setting(
        default=False, help_text="Also answer on 8888, where the original's Kafka Streams did."
    )
    token: str = setting("", "A bearer token asked for all but /healthz, /readyz and /metrics.", secret=True)
    advertised_host: str = setting("", "The address that other instances and users see; empty: found out.")
    instance: str = setting("", "The name of this instance; empty: the host's name.", env=("HOSTNAME",))


@dataclass(frozen=True, slots=True)
class GrafanaSettings:
    """Where Grafana is, and where it finds what it shows; without a host there is none."""

    host: str = setting("", "Host, with or without http://; empty: no Grafana.", env=("GRAFANA_HOST",))
    port: int = setting(3000, "Port.", env=("GRAFANA_PORT",))
    token: str = setting("", "A service account's token; goes before user and password.", secret=True)
    user: str = setting("admin", "The user, where there is no token.", env=("GRAFANA_USER",))
    password: str = setting("", "The user's password.", env=("GRAFANA_PASSWORD",), secret=True)
    folder: str = setting("streamscore", "The folder of the dashboards.")
    influxdb_url: str = setting("", "InfluxDB's address as Grafana sees it; empty: as this program does.")
    prometheus_url: str = setting("", "Prometheus' address as Grafana sees it; empty: no such data source.")


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """Where InfluxDB is and what goes there; without a host nothing does."""

    host: str = setting("", "Host, with or without http://; empty: no InfluxDB.", env=("INFLUXDB_HOST",))
    port: int = setting(8086, "Port.", env=("INFLUXDB_PORT",))
    database: str = setting("serving", "The database (1.x); with the retention policy also the name of the bucket.")
    retention_policy: str = setting("default", "The retention policy, made when absent.")
    retention_s: float = setting(86_400.0, "How long points are kept; records older than that are not sent.")
    org: str = setting("", "The organisation (2.x); empty: the only one that the token sees.")
    token: str = setting("", "An API token (2.x); on 1.x with authentication, user and password instead.", secret=True)
    user: str = setting("", "The user (1.x with authentication).", env=("INFLUXDB_USER",))
    password: str = setting("", "The user's password.", env=("INFLUXDB_PASSWORD",), secret=True)
    points: Points = setting(Points.AUTO, "A point a score (raw), a second and model (aggregate), or by rate (auto).")
    raw_points_per_s: int = setting(1000, "The rate of scores above which `auto` aggregates a second and model.")
    queue_points: int = setting(100_000, "Scores kept in memory while InfluxDB is slow or away; more are dropped.")
    timeout_s: float = setting(3.0, "How long a request may take.")


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Where spans go (OpenTelemetry over HTTP); without an endpoint nothing is traced and nothing is paid."""

    endpoint: str = setting(
        "", "The collector's address for traces, as http://host:4318; empty: off.", env=("OTEL_EXPORTER_OTLP_ENDPOINT",)
    )
    service_name: str = setting("streamscore", "The name of the service in traces.", env=("OTEL_SERVICE_NAME",))


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, to standard error."""

    level: str = setting("info", "debug, info, warning or error.")
    format: LogFormat = setting(LogFormat.TEXT, "text or json.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; `record_topics` holds what differs from `records` for one data topic, by its name."""

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)
    records: RecordSettings = field(default_factory=RecordSettings)
    record_topics: Mapping[str, RecordSettings] = field(default_factory=dict)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    publisher: PublisherSettings = field(default_factory=PublisherSettings)
    model_server: ModelServerSettings = field(default_factory=ModelServerSettings)
    grafana: GrafanaSettings = field(default_factory=GrafanaSettings)
    influxdb: InfluxSettings = field(default_factory=InfluxSettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def records_of(self, topic: str) -> RecordSettings:
        """Return how the records of `topic` look."""
        return self.record_topics.get(topic, self.records)
