"""The outbox on a real broker: counted, in order per key, partitioned as Java does it."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import murmur2

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.kafka.reader import TopicReader
from tests.integration.brokers import make_topics, settings_for

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

# Kafka's own test vectors: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
JAVA_MURMUR2 = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}


@pytest.mark.kafka
def test_keys_go_where_javas_producer_puts_them(settings: Settings) -> None:
    topic = settings.topics.data[0]
    with KafkaOutbox(settings) as outbox:
        for key in JAVA_MURMUR2:
            outbox.send(topic, key, key)
        assert outbox.flush(30)
    found: dict[bytes | None, int] = {}
    with TopicReader(settings, topic) as reader:
        for batch in reader:
            found.update(zip(batch.keys, batch.partitions, strict=True))
    assert found == {key: (number & 0x7FFFFFFF) % 4 for key, number in JAVA_MURMUR2.items()}


@pytest.mark.kafka
def test_everything_is_counted_and_order_per_key_is_kept(settings: Settings) -> None:
    topic, count = settings.topics.data[0], 150_000
    with KafkaOutbox(settings) as outbox:
        for number in range(count):
            outbox.send(topic, b"k%d" % (number % 50), b"%d" % number)
        assert outbox.flush(60)
        assert (outbox.sent, outbox.acknowledged, outbox.failed) == (count, count, 0)
    seen: defaultdict[bytes | None, list[int]] = defaultdict(list)
    with TopicReader(settings, topic) as reader:
        for batch in reader:
            for key, value in zip(batch.keys, batch.values, strict=True):
                seen[key].append(int(value or b""))
    assert len(seen) == 50
    for index in range(50):
        assert seen[b"k%d" % index] == list(range(index, count, 50))


@pytest.mark.kafka
def test_refused_messages_are_counted_with_the_reason(settings: Settings) -> None:
    topic = settings.topics.data[0]
    hasty = replace(settings.kafka, producer={"topic.metadata.propagation.max.ms": "500"})
    with KafkaOutbox(replace(settings, kafka=hasty)) as outbox:
        outbox.send(topic, None, b"small")
        outbox.send(topic, None, os.urandom(2_000_000))
        outbox.send(topic, None, bytes(200_000_000))
        outbox.send("nowhere", None, b"x")
        assert outbox.flush(60)
        assert (outbox.sent, outbox.acknowledged, outbox.failed) == (4, 1, 3)
        assert outbox.last_error


@pytest.mark.kafka
def test_messages_sent_while_the_broker_restarts_arrive(fresh_broker: EmbeddedBroker) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    topic = settings.topics.data[0]
    with KafkaOutbox(settings) as outbox:
        outbox.send(topic, None, b"before")
        assert outbox.flush(30)
        fresh_broker.stop()
        outbox.send(topic, None, b"meanwhile")
        assert not outbox.flush(0.5)
        assert outbox.acknowledged == 1
        fresh_broker.start()
        assert outbox.flush(60)
    with TopicReader(settings, topic) as reader:
        assert Counter(value for batch in reader for value in batch.values) == Counter([b"before", b"meanwhile"])


def test_full_queue_without_a_broker_ends_when_told_to_stop() -> None:
    kafka = KafkaSettings(brokers="127.0.0.1:1", producer={"queue.buffering.max.messages": "10"})
    asked = 0

    def stopping() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    outbox = KafkaOutbox(replace(Settings(), kafka=kafka), stopping=stopping)
    for _ in range(11):
        outbox.send("topic", None, b"x")
    assert (outbox.sent, outbox.failed, outbox.acknowledged) == (11, 1, 0)
    assert "told to stop" in outbox.last_error
    outbox.close()


def test_library_hashes_as_java_does() -> None:
    for key, number in JAVA_MURMUR2.items():
        assert murmur2(key, 1000) == (number & 0x7FFFFFFF) % 1000
