"""The models topic on a real broker: read to its end, then followed; read again at an offset."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.batch import ModelMessage
from streamscore_cli.core.errors import TimedOut, TopicMismatch
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.models_topic import KafkaModelsTopic
from tests.integration.brokers import make_topics, settings_for
from tests.kafka.driving import committed, delete_before, fill, until

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

pytestmark = pytest.mark.kafka


def read_to_end(topic: KafkaModelsTopic) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    until(topic.caught_up, lambda: messages.extend(topic.poll(0.2)))
    return messages


def test_empty_topic_is_caught_up_with(settings: Settings) -> None:
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        assert not topic.caught_up()
        assert read_to_end(topic) == []


def test_all_is_read_and_then_what_comes(settings: Settings) -> None:
    fill(settings, settings.topics.models, (b"%d" % number for number in range(250)))
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        before = read_to_end(topic)
        assert [message.offset for message in before] == list(range(250))
        assert before[7].value == before[7].key == b"7"
        fill(settings, settings.topics.models, [b"later"])
        later: list[ModelMessage] = []
        until(lambda: bool(later), lambda: later.extend(topic.poll(0.2)))
        assert (later[0].offset, later[0].value) == (250, b"later")
    assert committed(settings, settings.topics.models) == {}


def test_end_that_is_a_marker_of_a_transaction_is_reached(settings: Settings) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.brokers, "transactional.id": settings.scoring.group})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(settings.topics.models, b"model")
    producer.commit_transaction(30)
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        assert [message.value for message in read_to_end(topic)] == [b"model"]


def test_message_is_read_again_at_its_offset(settings: Settings) -> None:
    fill(settings, settings.topics.models, (b"%d" % number for number in range(20)))
    delete_before(settings, settings.topics.models, 0, 5)
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        assert [message.offset for message in read_to_end(topic)] == list(range(5, 20))
        found = topic.read(7)
        assert found is not None
        assert (found.offset, found.value) == (7, b"7")
        assert topic.read(4) is None
        assert topic.read(20) is None
        assert topic.read(5) is not None
        assert not topic.poll(0.2)


def test_largest_model_passes(settings: Settings) -> None:
    model = bytes(63 * 1024 * 1024)
    fill(settings, settings.topics.models, [b"before"])
    producer = Producer({"bootstrap.servers": settings.kafka.brokers, "message.max.bytes": 128 * 1024 * 1024})
    producer.produce(settings.topics.models, model, b"wine")
    assert producer.flush(60) == 0
    fill(settings, settings.topics.models, [b"after"])
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        assert [len(message.value or b"") for message in read_to_end(topic)] == [6, len(model), 5]


def test_null_value_is_none(settings: Settings) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    producer.produce(settings.topics.models, None, b"wine")
    producer.flush()
    with KafkaModelsTopic(settings, ClientHealth()) as topic:
        (message,) = read_to_end(topic)
    assert (message.key, message.value) == (b"wine", None)
    assert message.timestamp_ms > 0


def test_three_partitions_are_refused_with_the_way_out(broker: EmbeddedBroker) -> None:
    settings = settings_for(broker)
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in client.create_topics([NewTopic(settings.topics.models, 3, 1)]).values():
        future.result(10)
    with pytest.raises(TopicMismatch, match=r"has 3 partitions.*new topic with one partition"):
        KafkaModelsTopic(settings, ClientHealth())


def test_missing_topic_is_named(settings: Settings) -> None:
    missing = replace(settings, topics=replace(settings.topics, models="nowhere"))
    with pytest.raises(TopicMismatch, match=r"nowhere.*streamscore topics create"):
        KafkaModelsTopic(missing, ClientHealth())


def test_broker_that_is_away_when_reading_begins_is_waited_for(
    fresh_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    fill(settings, settings.topics.models, [b"model"])
    fresh_broker.stop()
    with caplog.at_level(logging.WARNING, "streamscore.kafka"), ThreadPoolExecutor(1) as thread:
        opening = thread.submit(KafkaModelsTopic, settings, ClientHealth())
        until(lambda: "cannot be read yet" in caplog.text, lambda: time.sleep(0.05))
        fresh_broker.start()
        topic = opening.result(60)
    assert [message.value for message in read_to_end(topic)] == [b"model"]
    fresh_broker.stop()
    fresh_broker.start()
    fill(settings, settings.topics.models, [b"later"])
    later: list[ModelMessage] = []
    until(lambda: bool(later), lambda: later.extend(topic.poll(0.2)))
    assert later[0].value == b"later"
    topic.close()


def test_stop_ends_the_wait_for_a_broker() -> None:
    away = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"))
    with pytest.raises(TimedOut, match=r"127\.0\.0\.1:1"):
        KafkaModelsTopic(away, ClientHealth(), stopping=lambda: True)


def test_stop_ends_reading_again(settings: Settings) -> None:
    stopping: list[bool] = []
    fill(settings, settings.topics.models, [b"model"])
    with KafkaModelsTopic(settings, ClientHealth(), stopping=lambda: bool(stopping)) as topic:
        assert topic.read(0) is not None
        stopping.append(True)
        with pytest.raises(TimedOut, match="is to stop"):
            topic.read(0)
