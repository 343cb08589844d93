"""The reader on a real broker: to the end, from the end, only what is committed."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import TopicMismatch
from streamscore_cli.kafka.reader import TopicReader
from tests.kafka.driving import fill, read_all, until

pytestmark = pytest.mark.kafka


def test_reads_to_the_end_and_stops(settings: Settings) -> None:
    values = [b"%d" % number for number in range(2500)]
    fill(settings, settings.topics.data[0], values)
    assert sorted(read_all(settings, settings.topics.data[0])) == sorted(values)


def test_empty_topic_ends_at_once(settings: Settings) -> None:
    assert read_all(settings, settings.topics.data[0]) == []


def test_from_the_end_sees_only_what_comes(settings: Settings) -> None:
    topic = settings.topics.data[0]
    fill(settings, topic, [b"before"])
    found: list[bytes | None] = []
    with TopicReader(settings, topic, from_end=True) as reader:
        assert reader.at_end()
        fill(settings, topic, [b"after"])

        def step() -> None:
            batch = reader.poll(0.2)
            found.extend(batch.values if batch else ())

        until(lambda: bool(found), step)
    assert found == [b"after"]


def test_aborted_records_are_not_read_and_the_end_is_reached(settings: Settings) -> None:
    topic = settings.topics.data[0]
    producer = Producer({"bootstrap.servers": settings.kafka.brokers, "transactional.id": settings.scoring.group})
    producer.init_transactions(30)
    for value, keep in ((b"kept", True), (b"aborted", False)):
        producer.begin_transaction()
        producer.produce(topic, value, partition=1)
        producer.flush()
        if keep:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    assert read_all(settings, topic) == [b"kept"]


def test_missing_topic_is_named(settings: Settings) -> None:
    with pytest.raises(TopicMismatch, match="nowhere"):
        TopicReader(settings, "nowhere")
