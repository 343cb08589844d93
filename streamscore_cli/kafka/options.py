"""What each client is told: our tuned defaults, the operator's properties over them; it makes no client.

Three rules decide about a property that the operator passes through: what could run code or load it is refused, what
the guarantees rest on is ours, anything else is the operator's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from streamscore_cli.config.kafka_properties import is_secret
from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.errors import SettingsError

Value = str | int | bool

MODEL_SLACK_BYTES = 1024 * 1024
"""What a message with the largest model may be longer than the model."""

LARGEST_MESSAGE_BYTES = 128 * 1024 * 1024
"""What a producer hands over at most; the topic's own limit decides below that."""


BATCH_BYTES = 1_000_000
"""How large a batch of messages gets, by the client library's default (batch.size)."""


class Role(StrEnum):
    """What a client is for."""

    RECORDS = "records"
    MODELS = "models"
    READER = "reader"
    RESULTS = "results"
    OUTBOX = "outbox"
    MODELS_OUTBOX = "models-outbox"
    LOAD = "load"
    ANSWERS = "answers"
    ADMIN = "admin"

    @property
    def produces(self) -> bool:
        """Tell whether clients of this role are producers."""
        return self in {Role.RESULTS, Role.OUTBOX, Role.MODELS_OUTBOX, Role.LOAD}

    @property
    def consumes(self) -> bool:
        """Tell whether clients of this role are consumers."""
        return self in {Role.RECORDS, Role.MODELS, Role.READER, Role.ANSWERS}


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The properties of one client; its representation shows no secret."""

    role: Role
    properties: Mapping[str, Value]

    @property
    def brokers(self) -> str:
        """Return the addresses that the client starts from."""
        return str(self.properties["bootstrap.servers"])

    @property
    def wants_tokens(self) -> bool:
        """Tell whether the client needs OAuth tokens, which are got inside the library's own poll only."""
        mechanisms = (self.properties.get("sasl.mechanism"), self.properties.get("sasl.mechanisms"))
        return any(str(mechanism).upper() == "OAUTHBEARER" for mechanism in mechanisms)

    def __repr__(self) -> str:
        shown = {name: "***" if is_secret(name) else value for name, value in self.properties.items()}
        return f"ClientOptions({self.role.value}, {shown})"


_ALL: Mapping[str, Value] = {
    "client.id": "streamscore",
    "reconnect.backoff.max.ms": 2_000,  # the default of 10 s is how late a restarted broker would be found
    "socket.keepalive.enable": True,
    "socket.nagle.disable": True,  # a small request must not wait for the answer to the one before
    "socket.connection.setup.timeout.ms": 10_000,
    "topic.metadata.refresh.interval.ms": 30_000,  # new partitions and topics are found within this time
    "statistics.interval.ms": 2_000,  # tells that a broker is back, which no error does
    "log.connection.close": False,
    "enable.metrics.push": False,
}

_CONSUMER: Mapping[str, Value] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "fetch.queue.backoff.ms": 5,  # 4.4 times the rate of the default on a backlog
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 16 * 1024,
}

_PRODUCER: Mapping[str, Value] = {
    "acks": "all",
    "enable.idempotence": True,  # costs nothing measurable; without it retries change the order
    "partitioner": "murmur2_random",  # the partition that Java's producer would choose
    "message.timeout.ms": 0,  # a broker that is away is waited for: no message may expire into loss
    "message.max.bytes": LARGEST_MESSAGE_BYTES,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 64 * 1024,
    "delivery.report.only.error": True,
}

_OUTBOX: Mapping[str, Value] = {
    **_PRODUCER,
    "linger.ms": 5,
    "queue.buffering.max.kbytes": 256 * 1024,
    "topic.metadata.propagation.max.ms": 10_000,  # how long a missing topic is hoped for
}

_BY_ROLE: Mapping[Role, Mapping[str, Value]] = {
    Role.RECORDS: {
        **_CONSUMER,
        "auto.offset.reset": "error",  # what retention took is for the gap policy to decide, in `source.py`
        "partition.assignment.strategy": "cooperative-sticky",
        "socket.timeout.ms": 10_000,  # a frozen broker is noticed after this time
    },
    Role.MODELS: {
        **_CONSUMER,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "queued.min.messages": 100,
    },
    Role.READER: {**_CONSUMER, "auto.offset.reset": "earliest", "enable.partition.eof": True},
    # a batch's results are handed over in less than this, and go in few requests; longer waits do not save more. Where
    # there is no backlog, the scoring thread asks for them to go at once (`send_now`)
    Role.RESULTS: {**_PRODUCER, "linger.ms": 1, "socket.timeout.ms": 10_000},
    Role.OUTBOX: _OUTBOX,
    # a model of 28 MB is 3 MB then: a broker stops for a large message, and what else it has to do waits
    Role.MODELS_OUTBOX: {**_OUTBOX, "compression.type": "zstd"},
    # what `bench` measures begins when a record is handed over: nothing may be held back for company
    Role.LOAD: {**_PRODUCER, "linger.ms": 0, "topic.metadata.propagation.max.ms": 10_000},
    Role.ANSWERS: {**_CONSUMER, "auto.offset.reset": "latest"},
    Role.ADMIN: {},
}

_EXECUTES = "it could load or run code"
_REFUSED = {
    "plugin.library.paths": _EXECUTES,
    "sasl.kerberos.kinit.cmd": _EXECUTES,
    "ssl.engine.location": _EXECUTES,
    "ssl.engine.id": _EXECUTES,
    "ssl.providers": _EXECUTES,
}

_OURS = {
    "bootstrap.servers": "it is the setting kafka.brokers",
    "metadata.broker.list": "it is the setting kafka.brokers",
    "group.id": "it is the setting scoring.group",
    "enable.auto.commit": "offsets are committed after delivery only",
    "auto.commit.enable": "offsets are committed after delivery only",
    "enable.auto.offset.store": "offsets are committed after delivery only",
    "auto.offset.reset": "the setting scoring.on_gap decides about lost offsets",
    "enable.partition.eof": "readers rely on it",
    "partition.assignment.strategy": "rebalances are cooperative",
    "isolation.level": "only committed records are read",
    "enable.idempotence": "without it retries change the order of results",
    "acks": "a result counts as delivered when all replicas have it",
    "request.required.acks": "a result counts as delivered when all replicas have it",
    "partitioner": "keys go to the partition that Java's producer chooses",
    "delivery.report.only.error": "deliveries are counted this way",
    "transactional.id": "transactions are not the operator's to begin",
    "statistics.interval.ms": "readiness relies on it",
    "allow.auto.create.topics": "`streamscore topics create` makes topics",
}

_CALLBACKS = re.compile(r"(^|[._])cb$|^on_|^logger$|^opaque$|^interceptors$")


def client_options(kafka: KafkaSettings, role: Role) -> ClientOptions:
    """Return the properties of a client for `role`, the operator's over ours.

    Raises `SettingsError` for a property that is refused or ours; its message never holds a value.
    """
    properties: dict[str, Value] = {**_ALL, **_BY_ROLE[role], **_passed_through(kafka, role)}
    if properties.get("group.protocol") == "consumer":
        properties.pop("partition.assignment.strategy", None)  # the new protocol assigns on the broker
    properties["bootstrap.servers"] = kafka.brokers
    if _only_localhost(kafka.brokers):
        properties.setdefault("broker.address.family", "v4")  # brokers in containers and ours do not listen on ::1
    return ClientOptions(role, properties)


def records_options(settings: Settings) -> ClientOptions:
    """Return the options of the data consumer."""
    return _with(client_options(settings.kafka, Role.RECORDS), {"group.id": settings.scoring.group})


def models_options(settings: Settings) -> ClientOptions:
    """Return the options of a reader of the models topic, large enough for the largest model.

    The group is only a name that the operator's rules know already: nothing is committed and nobody joins.
    """
    options = client_options(settings.kafka, Role.MODELS)
    needed = settings.models.max_bytes + MODEL_SLACK_BYTES
    return _with(options, {"group.id": settings.scoring.group, "receive.message.max.bytes": max(needed, 100_000_000)})


def results_options(settings: Settings, smallest_limit_bytes: int | None = None) -> ClientOptions:
    """Return the options of the producer of results; no batch gets larger than the strictest of its topics takes."""
    options = client_options(settings.kafka, Role.RESULTS)
    wanted = int(options.properties.get("batch.size", BATCH_BYTES))
    if smallest_limit_bytes is None or wanted <= smallest_limit_bytes:
        return options
    return _with(options, {"batch.size": smallest_limit_bytes})


def reader_options(settings: Settings) -> ClientOptions:
    """Return the options of a reader that belongs to no group."""
    return _with(client_options(settings.kafka, Role.READER), {"group.id": settings.scoring.group})


def answers_options(settings: Settings) -> ClientOptions:
    """Return the options of a reader of what comes from now on, as soon as it comes; it belongs to no group."""
    return _with(client_options(settings.kafka, Role.ANSWERS), {"group.id": settings.scoring.group})


def weakened_tls(options: ClientOptions) -> list[str]:
    """Name the properties by which the operator turned checks of TLS off."""
    properties = {name: str(value).lower() for name, value in options.properties.items()}
    weak = []
    if properties.get("enable.ssl.certificate.verification") in {"false", "0"}:
        weak.append("enable.ssl.certificate.verification=false")
    if properties.get("ssl.endpoint.identification.algorithm") == "none":
        weak.append("ssl.endpoint.identification.algorithm=none")
    return weak


def _with(options: ClientOptions, more: Mapping[str, Value]) -> ClientOptions:
    return ClientOptions(options.role, {**options.properties, **more})


def _passed_through(kafka: KafkaSettings, role: Role) -> dict[str, str]:
    tables = {"kafka.properties": kafka.properties}
    if role is Role.RECORDS:
        tables["kafka.consumer"] = kafka.consumer
    if role.produces:
        tables["kafka.producer"] = kafka.producer
    passed: dict[str, str] = {}
    for table, properties in tables.items():
        for name in properties:
            _check(name, table)
        passed.update(properties)
    return passed


def _check(name: str, table: str) -> None:
    if reason := _REFUSED.get(name):
        raise SettingsError(f"The Kafka property {name} (in {table}) is refused: {reason}.", "Remove it.")
    if _CALLBACKS.search(name):
        raise SettingsError(f"The Kafka property {name} (in {table}) is refused: it is no text.", "Remove it.")
    if reason := _OURS.get(name):
        raise SettingsError(f"The Kafka property {name} (in {table}) cannot be set: {reason}.", "Remove it.")


def _only_localhost(brokers: str) -> bool:
    hosts = {entry.strip().rpartition("://")[2].partition(":")[0] for entry in brokers.split(",") if entry.strip()}
    return hosts == {"localhost"}
