"""Both producers of results on a real broker: the one that calls librdkafka itself, and the client library's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka import KafkaError

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.batch import OutboundResults
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.kafka.client_producer import ClientProducer
from streamscore_cli.kafka.delivery import ResultsProducer, results_producer
from streamscore_cli.kafka.faults import NotTaken
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.native_producer import NativeProducer
from streamscore_cli.kafka.options import results_options
from streamscore_cli.kafka.reader import TopicReader
from tests.kafka.driving import until

pytestmark = pytest.mark.kafka

PLACES = 4
WAIT_S = 30.0

Row = tuple[int, bytes | None, bytes | None]
Failure = tuple[str, str, int | None]
Open = Callable[..., ResultsProducer]


class Opened:
    """Makes producers of one kind, and keeps what they tell."""

    def __init__(self, settings: Settings, *, bulk: bool) -> None:
        self.settings = settings
        self.bulk = bulk
        self.failures: list[Failure] = []
        self.health = ClientHealth()

    def __call__(self, **properties: str) -> ResultsProducer:
        kafka = replace(self.settings.kafka, producer=properties)
        options = results_options(replace(self.settings, kafka=kafka))
        producer = results_producer(options, self.health.watch("results"), self._on_failed, bulk=self.bulk)
        assert isinstance(producer, NativeProducer if self.bulk else ClientProducer)
        return producer

    def _on_failed(self, error: KafkaError, topic: str, partition: int | None) -> None:
        self.failures.append((error.name(), topic, partition))


@pytest.fixture(params=[True, False], ids=["native", "client"])
def opened(settings: Settings, request: pytest.FixtureRequest) -> Opened:
    return Opened(settings, bulk=request.param)


def answers(settings: Settings, values: list[bytes], partition: int = 0) -> OutboundResults:
    return OutboundResults(settings.topics.scores, values, [None] * len(values), [partition] * len(values))


def rows(settings: Settings, topic: str) -> list[Row]:
    """Return partition, key and value of all there is, each partition's in order."""
    found: list[Row] = []
    with TopicReader(settings, topic) as reader:
        for batch in reader:
            found += zip(map(int, batch.partitions), batch.keys, batch.values, strict=True)
    return sorted(found, key=lambda row: row[0])


def test_what_arrives_is_what_was_given(settings: Settings, opened: Opened) -> None:
    keys = [None, b"", b"key", "schlüssel".encode(), b"k" * 300]
    values = [b"", b"\x00\xff", b"value", b"v" * 5000]
    given: list[Row] = [
        (number * number % PLACES, keys[number % len(keys)], values[number % len(values)]) for number in range(1000)
    ]
    places, given_keys, given_values = zip(*given, strict=True)
    producer = opened()
    results = OutboundResults(settings.topics.scores, given_values, given_keys, places)
    assert producer.produce_all(results) == len(given)
    assert producer.flush(WAIT_S) == 0
    producer.close(1)
    assert rows(settings, settings.topics.scores) == sorted(given, key=lambda row: row[0])
    assert opened.failures == []


def test_what_there_is_no_room_for_is_not_taken(settings: Settings, opened: Opened) -> None:
    producer = opened(**{"queue.buffering.max.messages": "100", "linger.ms": "60000"})
    values = [b"%d" % number for number in range(250)]
    assert producer.produce_all(answers(settings, values)) == 100
    assert producer.produce_all(answers(settings, values)) == 0
    assert not producer.produce(settings.topics.dead_letters, None, b"one more", [("name", b"")])
    assert len(producer) == 100
    assert producer.flush(WAIT_S) == 0
    producer.close(1)
    assert [value for _, _, value in rows(settings, settings.topics.scores)] == values[:100]


def test_a_result_that_no_topic_takes_is_refused_with_its_place(settings: Settings, opened: Opened) -> None:
    producer = opened(**{"message.max.bytes": "2000"})
    with pytest.raises(NotTaken) as refused:
        producer.produce_all(answers(settings, [b"small", b"x" * 5000], 3))
    assert refused.value.error.name() == "MSG_SIZE_TOO_LARGE"
    assert (refused.value.topic, refused.value.partition) == (settings.topics.scores, 3)
    with pytest.raises(NotTaken) as refused:
        producer.produce(settings.topics.dead_letters, None, b"x" * 5000, [("name", b"value")])
    assert (refused.value.error.name(), refused.value.partition) == ("MSG_SIZE_TOO_LARGE", None)
    producer.close(1)


def test_a_partition_that_is_not_there_is_told_or_refused(settings: Settings, opened: Opened) -> None:
    producer = opened()
    scores = settings.topics.scores
    failure = ("_UNKNOWN_PARTITION", scores, 77)
    assert producer.produce_all(answers(settings, [b"a", b"b"], 77)) == 2  # its partitions are not known yet
    until(lambda: opened.failures == [failure, failure], lambda: producer.flush(0.1))
    with pytest.raises(NotTaken) as refused:
        producer.produce_all(answers(settings, [b"c"], 77))
    assert (refused.value.error.name(), refused.value.topic, refused.value.partition) == failure
    producer.close(0.1)


def test_headers_arrive_as_they_were_given(settings: Settings, opened: Opened) -> None:
    headers = [("own", b"1"), ("own", None), ("grüße", b"\x00\xff"), ("empty", b"")]
    topic = settings.topics.dead_letters
    producer = opened()
    assert producer.produce(topic, b"key", None, headers)
    assert producer.produce(topic, None, b"", ())
    assert producer.flush(WAIT_S) == 0
    producer.close(1)
    with TopicReader(settings, topic) as reader:
        (batch,) = list(reader)
    assert batch.headers is not None
    found = dict(zip(batch.values, zip(batch.keys, batch.headers, strict=True), strict=True))
    assert found == {None: (b"key", headers), b"": (None, None)}


def test_what_was_not_delivered_is_dropped_at_the_end(settings: Settings, opened: Opened) -> None:
    producer = opened(**{"linger.ms": "60000"})
    assert producer.produce_all(answers(settings, [b"a", b"b"])) == 2
    producer.close(1)
    producer = opened()
    assert producer.produce_all(answers(settings, [b"c"])) == 1
    assert producer.flush(WAIT_S) == 0
    producer.close(1)
    assert [value for _, _, value in rows(settings, settings.topics.scores)] == [b"c"]


def test_health_hears_that_a_broker_is_there(settings: Settings, opened: Opened) -> None:
    producer = opened()
    producer.list_topics(timeout=WAIT_S)
    until(opened.health.broker_reachable, lambda: producer.poll(0.1))
    producer.close(1)


def test_nothing_is_called_after_the_end(settings: Settings) -> None:
    producer = Opened(settings, bulk=True)()
    producer.close(0.1)
    producer.close(0.1)
    results = answers(settings, [b"late"])
    for call in (producer.__len__, lambda: producer.poll(0), lambda: producer.flush(0)):
        with pytest.raises(RuntimeError, match="closed"):
            call()
    with pytest.raises(RuntimeError, match="closed"):
        producer.produce_all(results)


@pytest.mark.parametrize("bulk", [True, False])
def test_health_hears_that_none_is_there_and_why(bulk: bool, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"))
    opened = Opened(settings, bulk=bulk)
    with caplog.at_level(logging.DEBUG, "streamscore.kafka"):
        producer = opened()
        assert producer.produce_all(answers(settings, [b"a"])) == 1
        until(lambda: opened.health.reachable("results") is False, lambda: producer.poll(0.1))
        until(lambda: "127.0.0.1:1" in opened.health.cause, lambda: producer.poll(0.1))
        producer.close(1)
    assert opened.failures[0][0] == "_PURGE_QUEUE"
    assert any("FAIL" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("bulk", [True, False])
def test_properties_that_are_refused_are_named(settings: Settings, bulk: bool) -> None:
    opened = Opened(settings, bulk=bulk)
    with pytest.raises(SettingsError, match=r"The Kafka client refuses its settings: .*queue.buffering.max.ms"):
        opened(**{"linger.ms": "soon"})
    with pytest.raises(SettingsError, match=r"nothing\.known"):
        opened(**{"nothing.known": "1"})


def test_tokens_are_left_to_the_client_library(settings: Settings) -> None:
    opened = Opened(settings, bulk=False)
    producer = results_producer(
        results_options(replace(settings, kafka=replace(settings.kafka, properties={"sasl.mechanism": "OAUTHBEARER"}))),
        opened.health.watch("results"),
        opened._on_failed,
    )
    assert isinstance(producer, ClientProducer)
    producer.close(0.1)
