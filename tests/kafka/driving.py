"""What the tests of kafka/ do with real topics: fill them, read them, copy records through source and checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.batch import OutboundResults, RecordBatch, TopicPartition
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.link import RecordsLink, open_records_link
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.kafka.reader import TopicReader

WAIT_S = 60.0


def fill(settings: Settings, topic: str, values: Iterable[bytes]) -> None:
    """Publish values, each its own key, and see them acknowledged."""
    with KafkaOutbox(settings) as outbox:
        for value in values:
            outbox.send(topic, value, value)
        assert outbox.flush(WAIT_S)
        assert outbox.failed == 0


def read_all(settings: Settings, topic: str) -> list[bytes]:
    """Return the values of a topic, partition by partition as they come."""
    with TopicReader(settings, topic) as reader:
        return [value or b"" for batch in reader for value in batch.values]


def open_link(settings: Settings, stopping: Callable[[], bool] = lambda: False) -> RecordsLink:
    return open_records_link(settings, ClientHealth(), SystemClock(), stopping)


def copy(link: RecordsLink, scores: str) -> list[RecordBatch]:
    """Do one step of the scoring loop with a model that answers what it was asked."""
    batches = list(link.source.poll())
    for batch in batches:
        values = [value or b"" for value in batch.values]
        link.checkpoint.results(OutboundResults(scores, values, batch.keys, batch.partitions))
        link.checkpoint.advance(ends(batch))
    link.checkpoint.close_if_due()
    return batches


def ends(batch: RecordBatch) -> dict[TopicPartition, int]:
    pairs = zip(batch.partitions, batch.offsets, strict=True)
    return {(batch.topic, partition): offset + 1 for partition, offset in pairs}


def until(done: Callable[[], bool], step: Callable[[], object], wait_s: float = WAIT_S) -> None:
    """Step until done; fails when that takes too long."""
    deadline_s = time.monotonic() + wait_s
    while not done():
        assert time.monotonic() < deadline_s, "took too long"
        step()


def committed(settings: Settings, topic: str) -> dict[int, int]:
    """Return the group's committed offsets of a topic, partitions without one left out; waits for the coordinator."""
    consumer = Consumer({"bootstrap.servers": settings.kafka.brokers, "group.id": settings.scoring.group})
    deadline_s = time.monotonic() + WAIT_S
    try:
        while True:
            try:
                partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
                found = consumer.committed([KafkaPartition(topic, number) for number in partitions], timeout=10)
            except KafkaException:
                assert time.monotonic() < deadline_s, "the coordinator does not answer"
            else:
                return {place.partition: place.offset for place in found if place.offset >= 0}
    finally:
        consumer.close()


def delete_before(settings: Settings, topic: str, partition: int, offset: int) -> None:
    """Delete the records before an offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in admin.delete_records([KafkaPartition(topic, partition, offset)]).values():
        future.result(10)
