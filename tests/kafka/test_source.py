"""The source on a real broker: batches, holds, gaps, rebalances."""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from confluent_kafka import Producer

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.batch import RecordBatch, TopicPartition
from streamscore_cli.core.choices import OnGap
from streamscore_cli.core.errors import OffsetGap, SettingsError, TimedOut, TopicMismatch
from streamscore_cli.kafka.link import RecordsLink
from streamscore_cli.kafka.outbox import KafkaOutbox
from tests.integration.brokers import make_topics, settings_for
from tests.kafka.driving import committed, copy, delete_before, ends, fill, open_link, read_all, until

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

pytestmark = pytest.mark.kafka


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def with_consumer(settings: Settings, **properties: str) -> Settings:
    named = {name.replace("_", "."): value for name, value in properties.items()}
    return replace(settings, kafka=replace(settings.kafka, consumer=named))


def copy_all(link: RecordsLink, settings: Settings, count: int) -> list[RecordBatch]:
    batches: list[RecordBatch] = []
    until(lambda: sum(map(len, batches)) >= count, lambda: batches.extend(copy(link, settings.topics.scores)))
    return batches


def test_first_start_reads_from_the_beginning_with_all_fields(settings: Settings) -> None:
    topic = settings.topics.data[0]
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    producer.produce(topic, b"value", b"key", 2, timestamp=1_700_000_000_000, headers=[("a", b"1"), ("a", None)])
    producer.produce(topic, None, None, 2)
    producer.flush()
    link = open_link(settings)
    batches = copy_all(link, settings, 2)
    assert [value for batch in batches for value in batch.values] == [b"value", None]
    assert [key for batch in batches for key in batch.keys] == [b"key", None]
    assert [offset for batch in batches for offset in batch.offsets] == [0, 1]
    assert batches[0].timestamps_ms[0] == 1_700_000_000_000
    headers = batches[0].headers
    assert headers is not None
    assert headers[0] is not None
    assert list(headers[0]) == [("a", b"1"), ("a", None)]
    link.close()


def test_headers_cost_nothing_where_there_are_none(settings: Settings) -> None:
    fill(settings, settings.topics.data[0], numbers(10))
    link = open_link(settings)
    assert all(batch.headers is None for batch in copy_all(link, settings, 10))
    link.close()


def test_restart_goes_on_where_the_last_one_stopped(settings: Settings) -> None:
    topic = settings.topics.data[0]
    for start in (0, 500):
        fill(settings, topic, numbers(1000)[start : start + 500])
        link = open_link(settings)
        copy_all(link, settings, 500)
        link.checkpoint.close()
        link.close()
    assert Counter(read_all(settings, settings.topics.scores)) == Counter(numbers(1000))
    assert sum(committed(settings, topic).values()) == 1000


@pytest.mark.parametrize("data", [("wine", "beer"), ("^drinks-a-.*",)])
def test_several_topics_give_one_batch_each(settings: Settings, data: tuple[str, ...]) -> None:
    names = tuple(f"drinks-a-{settings.scoring.group}-{name}" for name in ("wine", "beer"))
    several = replace(settings, topics=replace(settings.topics, data=names))
    make_topics(several)
    subscribed = names if data[0] == "wine" else (f"^drinks-a-{settings.scoring.group}-.*",)
    for name in names:
        fill(settings, name, (f"{name}{number}".encode() for number in range(50)))
    link = open_link(replace(settings, topics=replace(settings.topics, data=subscribed)))
    batches = copy_all(link, settings, 100)
    assert {batch.topic for batch in batches} == set(names)
    for batch in batches:
        assert all((value or b"").startswith(batch.topic.encode()) for value in batch.values)
    link.close()


class Holder:
    """Reads, and now and then gives back the end of what it read: holds partitions there, reads on, releases them."""

    def __init__(self, link: RecordsLink, seed: int) -> None:
        self.source = link.source
        self.chance = np.random.default_rng(seed)
        self.seen: dict[int, list[int]] = {partition: [] for partition in range(4)}
        self.holds = 0

    def step(self) -> None:
        for batch in self.take():
            if self.holds < 25 and self.chance.random() < 0.7:
                self.holds += 1
                positions = self.give_back(batch)
                self.source.hold(positions)
                assert set(self.source.held()) == set(positions)
                for _ in range(int(self.chance.integers(0, 4))):
                    for other in self.take():
                        assert not set(positions) & set(ends(other))
                self.source.release()
                assert not self.source.held()

    def take(self) -> Sequence[RecordBatch]:
        batches = self.source.poll()
        for batch in batches:
            for partition, offset in zip(batch.partitions, batch.offsets, strict=True):
                self.seen[partition].append(offset)
        return batches

    def give_back(self, batch: RecordBatch) -> dict[TopicPartition, int]:
        present = Counter(batch.partitions)
        positions = {}
        some = self.chance.permutation(sorted(present))[: self.chance.integers(1, len(present) + 1)]
        for partition in map(int, some):
            at = len(self.seen[partition]) - int(self.chance.integers(1, present[partition] + 1))
            del self.seen[partition][at:]
            positions[batch.topic, partition] = at
        return positions


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_held_partitions_go_on_exactly_where_they_were_held(settings: Settings, seed: int) -> None:
    count = 20_000
    fill(settings, settings.topics.data[0], numbers(count))
    link = open_link(replace(settings, scoring=replace(settings.scoring, batch_records=1500)))
    holder = Holder(link, seed)
    until(lambda: sum(map(len, holder.seen.values())) >= count, holder.step)
    assert holder.holds >= 5
    for offsets in holder.seen.values():
        assert offsets == list(range(len(offsets)))
    link.close()


def test_lag_is_what_is_left_also_of_held_partitions(settings: Settings) -> None:
    topic = settings.topics.data[0]
    fill(settings, topic, numbers(400))
    link = open_link(settings)
    batches = copy_all(link, settings, 400)
    sizes = Counter(itertools.chain.from_iterable(batch.partitions for batch in batches))
    assert dict(link.source.lag()) == {(topic, partition): 0 for partition in range(4)}
    link.source.hold({(topic, 1): 0})
    assert link.source.lag()[topic, 1] == sizes[1]
    link.close()


def half_read(settings: Settings) -> Settings:
    """Commit offset 100 of partition 0, then delete everything before 130."""
    topic = settings.topics.data[0]
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    for number in range(200):
        producer.produce(topic, b"%d" % number, partition=0)
    producer.flush()
    link = open_link(replace(settings, scoring=replace(settings.scoring, batch_records=100)))
    until(lambda: bool(link.source.assignment()), link.source.poll)
    link.checkpoint.advance({(topic, 0): 100})
    link.checkpoint.close()
    link.close()
    assert committed(settings, topic) == {0: 100}
    delete_before(settings, topic, 0, 130)
    return settings


def test_gap_stops_and_counts_what_is_gone(settings: Settings) -> None:
    link = open_link(half_read(settings))
    with pytest.raises(OffsetGap) as caught:
        until(lambda: False, link.source.poll)
    link.close()
    topic = settings.topics.data[0]
    assert f"{topic}[0]: 30 records are gone" in caught.value.message
    assert "offset 100" in caught.value.message
    assert "130" in caught.value.message
    assert "--on-gap continue" in caught.value.hint
    assert "kafka-consumer-groups" in caught.value.hint
    assert committed(settings, topic) == {0: 100}


def test_gap_is_counted_and_gone_over_when_told_to(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    link = open_link(replace(half_read(settings), scoring=replace(settings.scoring, on_gap=OnGap.CONTINUE)))
    with caplog.at_level(logging.WARNING, "streamscore.kafka"):
        batches = copy_all(link, settings, 70)
    assert [offset for batch in batches for offset in batch.offsets] == list(range(130, 200))
    assert link.source.gaps == 30
    assert "30 records are gone" in caplog.text
    link.checkpoint.close()
    link.close()


def test_gap_while_running_is_found_too(settings: Settings) -> None:
    topic = settings.topics.data[0]
    settings = with_consumer(settings, queued_min_messages="10", fetch_message_max_bytes="100")
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    for number in range(20_000):
        producer.produce(topic, b"%0100d" % number, partition=0)
    producer.flush()
    link = open_link(replace(settings, scoring=replace(settings.scoring, batch_records=10)))
    until(lambda: bool(link.source.poll()), lambda: None)
    delete_before(settings, topic, 0, 19_990)
    with pytest.raises(OffsetGap, match="records are gone"):
        until(lambda: False, link.source.poll)
    link.close()


def test_offset_beyond_the_end_is_said_plainly(settings: Settings) -> None:
    topic = settings.topics.data[0]
    link = open_link(settings)
    until(lambda: bool(link.source.assignment()), link.source.poll)
    link.checkpoint.advance({(topic, 0): 500})
    link.checkpoint.close()
    link.close()
    link = open_link(settings)
    with pytest.raises(OffsetGap, match=r"offset 500, but the partition ends at 0.*made again"):
        until(lambda: False, link.source.poll)
    link.close()


def test_missing_data_topic_is_named(settings: Settings) -> None:
    missing = replace(settings, topics=replace(settings.topics, data=("nowhere",)))
    with pytest.raises(TopicMismatch, match=r"nowhere.*streamscore topics create"):
        open_link(missing)


def test_no_broker_at_the_start_is_waited_for_until_told_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"))
    asked = itertools.count()
    with caplog.at_level(logging.WARNING, "streamscore.kafka"), pytest.raises(TimedOut, match=r"127\.0\.0\.1:1"):
        open_link(settings, lambda: next(asked) == 1)
    assert "models_data cannot be read yet" in caplog.text
    assert "refused" in caplog.text


def test_broker_that_is_away_at_the_start_is_waited_for(
    fresh_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    fill(settings, settings.topics.data[0], numbers(10))
    fresh_broker.stop()
    with caplog.at_level(logging.WARNING, "streamscore.kafka"), ThreadPoolExecutor(1) as thread:
        opening = thread.submit(open_link, settings)
        until(lambda: "cannot be read yet" in caplog.text, lambda: time.sleep(0.05))
        fresh_broker.start()
        link = opening.result(60)
    copy_all(link, settings, 10)
    link.close()


@pytest.mark.parametrize("pattern", ["^scores-.*", "^.*"])
def test_pattern_that_matches_a_topic_of_ours_is_refused(settings: Settings, pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_link(replace(settings, topics=replace(settings.topics, data=(pattern,))))
    assert pattern in caught.value.message
    assert re.search(r"matches the topic (scores|models)-", caught.value.message)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_partitions_move_between_two_sources_with_nothing_lost(settings: Settings, protocol: str) -> None:
    settings = with_consumer(settings, group_protocol=protocol)
    topic, sent = settings.topics.data[0], 0
    first = open_link(settings)
    with KafkaOutbox(settings) as outbox:  # records keep coming in all the while

        def step(*links: RecordsLink) -> None:
            nonlocal sent
            for _ in range(50):
                outbox.send(topic, b"%d" % sent, b"%d" % sent)
                sent += 1
            for link in links:
                copy(link, settings.topics.scores)

        until(lambda: sum(committed(settings, topic).values()) > 500, lambda: step(first))
        second = open_link(settings)
        until(lambda: len(second.source.assignment()) == 2, lambda: step(first, second))
        until(lambda: len(first.source.assignment()) == 2, lambda: step(first, second))
        assert not set(first.source.assignment()) & set(second.source.assignment())
        for _ in range(20):
            step(first, second)
        second.close()
        until(lambda: len(first.source.assignment()) == 4, lambda: step(first))
        assert outbox.flush(60)
    until(lambda: sum(committed(settings, topic).values()) == sent, lambda: copy(first, settings.topics.scores))
    first.close()
    scored = Counter(read_all(settings, settings.topics.scores))
    assert set(scored) == set(numbers(sent))
    assert scored.total() == sent, "partitions that left in order were finished first, so nothing is repeated"


def test_held_partition_is_forgotten_when_it_leaves(settings: Settings) -> None:
    topic = settings.topics.data[0]
    fill(settings, topic, numbers(400))
    first = open_link(settings)
    copy_all(first, settings, 400)
    first.source.hold({(topic, partition): 0 for partition in range(4)})
    second = open_link(settings)
    until(lambda: len(second.source.assignment()) == 2, lambda: (first.source.poll(), second.source.poll()))
    assert set(first.source.held()) == set(first.source.assignment())
    assert len(first.source.held()) == 2
    assert not first.source.poll()
    second.close()
    first.close()


def test_partitions_that_the_group_took_away_are_dropped_and_read_again(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    topic = settings.topics.data[0]
    hasty = with_consumer(settings, session_timeout_ms="1500", max_poll_interval_ms="1500", heartbeat_interval_ms="300")
    fill(settings, topic, numbers(1000))
    first = open_link(hasty)
    until(lambda: sum(first.checkpoint.pending.values()) == 1000, lambda: _take(first))
    second = open_link(hasty)
    until(lambda: len(second.source.assignment()) == 4, second.source.poll)
    with caplog.at_level(logging.WARNING, "streamscore.kafka"):
        until(lambda: not first.checkpoint.pending, first.source.poll)
    assert "the group took the partitions away" in caplog.text
    first.checkpoint.close()
    assert committed(settings, topic) == {}
    second.close()
    until(lambda: sum(first.checkpoint.pending.values()) == 1000, lambda: _take(first))
    first.close()


def _take(link: RecordsLink) -> None:
    for batch in link.source.poll():
        link.checkpoint.advance(ends(batch))
