"""The scoring thread's two ends in Kafka, made and joined: source and checkpoint; it adds nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from confluent_kafka import Consumer

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import Clock
from streamscore_cli.kafka.checkpoint import AtLeastOnceCheckpoint
from streamscore_cli.kafka.clients import OnCommit, make_consumer
from streamscore_cli.kafka.commits import OffsetCommits
from streamscore_cli.kafka.delivery import DeliveringProducer, results_producer
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import records_options, results_options
from streamscore_cli.kafka.presence import TopicPresence
from streamscore_cli.kafka.source import RECORDS_CLIENT, KafkaSource

_NO_LIMITS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RecordsLink:
    """A source and its checkpoint: the consumer of the one commits for the other."""

    source: KafkaSource
    checkpoint: AtLeastOnceCheckpoint

    def close(self) -> None:
        """Leave the group, then end the producer; nothing more is committed than was complete."""
        self.source.close()
        self.checkpoint.end()


def open_records_link(
    settings: Settings,
    health: ClientHealth,
    clock: Clock,
    stopping: Callable[[], bool],
    *,
    max_bytes: Mapping[str, int] = _NO_LIMITS,
) -> RecordsLink:
    """Join the group and make the producer; raises as `KafkaSource`, and `SettingsError`.

    `max_bytes` is the largest message that a topic takes (its max.message.bytes), by topic: of those that are written
    to; of a topic that is not in it nothing is known.
    """
    watch = health.watch(RECORDS_CLIENT)

    def make(on_commit: OnCommit) -> Consumer:
        return make_consumer(records_options(settings), watch, on_commit)

    commits = OffsetCommits(make)
    consumer = commits.consumer

    def sources(partition: int) -> set[str]:
        return {place.topic for place in consumer.assignment() if place.partition == partition}

    options = results_options(settings, min(max_bytes.values(), default=None))
    results_watch = health.watch(options.role.value)
    producing = partial(results_producer, options, results_watch, bulk=settings.kafka.bulk)
    producer = DeliveringProducer(producing, results_watch, clock, stopping, sources)
    letters = settings.topics.dead_letters
    checkpoint = AtLeastOnceCheckpoint(producer, commits, letters, settings.checkpoint, clock, max_bytes.get(letters))
    presence = TopicPresence(consumer, settings.kafka.brokers, health, clock, stopping)
    try:
        return RecordsLink(KafkaSource(settings, consumer, checkpoint, health, presence), checkpoint)
    except BaseException:
        checkpoint.end()
        raise
