"""Topics on a broker: found, made as planned, described; what there should be is decided in `topic_plan.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    PartitionMetadata,
    ResourceType,
    TopicMetadata,
)

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import StreamscoreError, TimedOut
from streamscore_cli.kafka.clients import make_admin
from streamscore_cli.kafka.faults import error_of, explained, missing_topic
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import Role, client_options
from streamscore_cli.kafka.topic_plan import (
    SHOWN_CONFIGS,
    Action,
    TopicPlan,
    TopicState,
    plan_topics,
    planned_names,
)

REQUEST_WAIT_S = 15.0
VISIBLE_WAIT_S = 15.0

_earliest: Callable[[], OffsetSpec] = OffsetSpec.earliest
_latest: Callable[[], OffsetSpec] = OffsetSpec.latest


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition: its first offset, the offset after its last, its leader (-1: none) and its replicas."""

    partition: int
    low: int
    high: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """A topic as a person wants to see it; `records` counts offsets, so markers of transactions count too."""

    name: str
    partitions: tuple[PartitionInfo, ...]
    replicas: int
    configs: Mapping[str, str]

    @property
    def records(self) -> int:
        """Return how many records there are at most."""
        return sum(partition.high - partition.low for partition in self.partitions)


class TopicAdmin:
    """Finds, makes and describes topics; a context manager."""

    def __init__(self, settings: Settings, *, timeout_s: float = REQUEST_WAIT_S) -> None:
        """Make the client; nothing is asked yet."""
        self._settings = settings
        self._timeout_s = timeout_s
        self._health = ClientHealth()
        self._client: AdminClient = make_admin(client_options(settings.kafka, Role.ADMIN), self._health.watch("admin"))

    def plan(self) -> tuple[TopicPlan, ...]:
        """Return what is to be done so that there are the topics that the settings ask for.

        Raises `BrokerUnreachable`, `KafkaRefused`, and `SettingsError` for a pattern that is no regular expression.
        """
        return plan_topics(self._settings, self.states(planned_names(self._settings, self.names())))

    def apply(self, plans: Sequence[TopicPlan]) -> tuple[str, ...]:
        """Make what is missing and grow what is too small; return the names of the topics that changed.

        Topics that differ are left as they are. Raises `KafkaRefused`, `BrokerUnreachable`, and `TimedOut` when a new
        topic does not get ready.
        """
        new = [
            NewTopic(plan.name, plan.partitions, plan.replication_factor, config=dict(plan.configs))
            for plan in plans
            if plan.action is Action.CREATE
        ]
        grown = [NewPartitions(plan.name, plan.partitions) for plan in plans if plan.action is Action.GROW]
        if new:
            self._finish(self._client.create_topics(new, request_timeout=self._timeout_s), "making the topic")
        if grown:
            self._finish(self._client.create_partitions(grown, request_timeout=self._timeout_s), "growing the topic")
        changed = {plan.name: plan.partitions for plan in plans if plan.action in {Action.CREATE, Action.GROW}}
        self._await_visible(changed)
        return tuple(changed)

    def states(self, names: Iterable[str]) -> dict[str, TopicState]:
        """Return those of the topics that exist; raises as `plan`."""
        metadata = self._metadata()
        found = [name for name in names if name in metadata]
        configs = self._configs(found)
        return {
            name: TopicState(name, len(metadata[name].partitions), _replicas(metadata[name]), configs[name])
            for name in found
        }

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics that are not Kafka's own; raises as `plan`."""
        return tuple(sorted(name for name in self._metadata() if not name.startswith("__")))

    def describe(self, names: Sequence[str]) -> tuple[TopicInfo, ...]:
        """Return partitions, offsets and settings of topics; raises `TopicMismatch` for a missing one."""
        metadata = self._metadata()
        for name in names:
            if name not in metadata:
                raise missing_topic(name)
        configs = self._configs(names)
        places = [(name, partition) for name in names for partition in metadata[name].partitions]
        lows = self._offsets(places, _earliest())
        highs = self._offsets(places, _latest())
        return tuple(
            TopicInfo(
                name,
                tuple(
                    _partition(part, lows[name, number], highs[name, number])
                    for number, part in sorted(metadata[name].partitions.items())
                ),
                _replicas(metadata[name]),
                {key: configs[name][key] for key in SHOWN_CONFIGS if key in configs[name]},
            )
            for name in names
        )

    def max_message_bytes(self, topic: str) -> int:
        """Return the largest message that the topic takes; raises `TopicMismatch` when it is missing."""
        states = self.states([topic])
        if topic not in states:
            raise missing_topic(topic)
        return states[topic].max_message_bytes

    def close(self) -> None:
        """Say what the client still had to say to the log."""
        self._client.poll(0)

    def __enter__(self) -> Self:
        """Return the admin itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _metadata(self) -> dict[str, TopicMetadata]:
        try:
            topics: dict[str, TopicMetadata] = self._client.list_topics(timeout=self._timeout_s).topics
        except KafkaException as exception:
            raise self._translated(exception, "listing topics") from exception
        return {name: topic for name, topic in topics.items() if topic.error is None}

    def _configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        futures = self._client.describe_configs(resources, request_timeout=self._timeout_s)
        return {
            resource.name: {key: entry.value for key, entry in self._result(future, resource.name).items()}
            for resource, future in futures.items()
        }

    def _offsets(self, places: Sequence[tuple[str, int]], which: OffsetSpec) -> dict[tuple[str, int], int]:
        if not places:
            return {}
        wanted = {KafkaPartition(*place): which for place in places}
        deadline_s = time.monotonic() + self._timeout_s
        while True:
            futures = self._client.list_offsets(wanted, request_timeout=self._timeout_s)
            errors = [future.exception(self._timeout_s * 2) for future in futures.values()]
            if time.monotonic() > deadline_s or not any(map(_passes, errors)):
                break
            time.sleep(0.05)
        return {
            (place.topic, place.partition): self._result(future, place.topic).offset
            for place, future in futures.items()
        }

    def _finish(self, futures: Mapping[str, Future[Any]], doing: str) -> None:
        for name, future in futures.items():
            try:
                future.result(self._timeout_s * 2)
            except KafkaException as exception:
                if error_of(exception).name() != "TOPIC_ALREADY_EXISTS":  # another one made it in this moment
                    raise self._translated(exception, f"{doing} {name}") from exception

    def _result(self, future: Future[Any], name: str) -> Any:  # noqa: ANN401
        try:
            return future.result(self._timeout_s * 2)
        except KafkaException as exception:
            raise self._translated(exception, f"describing the topic {name}") from exception

    def _await_visible(self, wanted: Mapping[str, int]) -> None:
        """Wait until a new topic can be used: all partitions known, each with a leader."""
        deadline_s = time.monotonic() + VISIBLE_WAIT_S
        while late := [name for name, partitions in wanted.items() if not self._ready(name, partitions)]:
            if time.monotonic() > deadline_s:
                raise TimedOut(f"The topics {', '.join(late)} were made but are not ready after {VISIBLE_WAIT_S:g} s.")
            time.sleep(0.05)

    def _ready(self, name: str, partitions: int) -> bool:
        topic = self._metadata().get(name)
        if topic is None or len(topic.partitions) < partitions:
            return False
        return all(part.leader >= 0 and part.error is None for part in topic.partitions.values())

    def _translated(self, exception: KafkaException, doing: str) -> StreamscoreError:
        self._client.poll(0)  # takes the errors that say why
        return explained(exception, self._settings.kafka.brokers, doing, self._health.errors)


def _passes(error: BaseException | None) -> bool:
    """Tell whether a broker only has not taken over a new partition yet."""
    return isinstance(error, KafkaException) and error_of(error).name() == "NOT_LEADER_FOR_PARTITION"


def _partition(found: PartitionMetadata, low: int, high: int) -> PartitionInfo:
    return PartitionInfo(found.id, low, high, found.leader, tuple(found.replicas), tuple(found.isrs))


def _replicas(topic: TopicMetadata) -> int:
    return max((len(part.replicas) for part in topic.partitions.values()), default=0)
