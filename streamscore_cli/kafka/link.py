"""The scoring thread's two ends in Kafka, made and joined: source and checkpoint; it adds nothing of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Consumer

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import Clock
from streamscore_cli.kafka.checkpoint import AtLeastOnceCheckpoint
from streamscore_cli.kafka.clients import OnCommit, make_consumer
from streamscore_cli.kafka.commits import OffsetCommits
from streamscore_cli.kafka.delivery import DeliveringProducer
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import Role, client_options, records_options
from streamscore_cli.kafka.source import RECORDS_CLIENT, KafkaSource


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
    settings: Settings, health: ClientHealth, clock: Clock, stopping: Callable[[], bool]
) -> RecordsLink:
    """Join the group and make the producer; raises as `KafkaSource`, and `SettingsError`."""
    watch = health.watch(RECORDS_CLIENT)

    def make(on_commit: OnCommit) -> Consumer:
        return make_consumer(records_options(settings), watch, on_commit)

    commits = OffsetCommits(make)
    producer = DeliveringProducer(client_options(settings.kafka, Role.RESULTS), health, clock, stopping)
    checkpoint = AtLeastOnceCheckpoint(producer, commits, settings.topics.dead_letters, settings.checkpoint, clock)
    return RecordsLink(KafkaSource(settings, commits.consumer, checkpoint, health), checkpoint)
