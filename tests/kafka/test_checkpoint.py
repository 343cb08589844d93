"""The order of a checkpoint on a real broker: nothing is committed before it is delivered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from streamscore_cli.config.settings import CheckpointSettings, Settings
from streamscore_cli.core.batch import DeadLetter, OutboundResults
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import DeliveryFailed, TimedOut
from streamscore_cli.core.message_size import message_bytes
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.link import RecordsLink, open_records_link
from streamscore_cli.kafka.reader import TopicReader
from tests.fakes import FakeClock
from tests.integration.brokers import make_topics, settings_for
from tests.kafka.driving import committed, copy, ends, fill, open_link, read_all, until

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

pytestmark = pytest.mark.kafka

PLACE = 0


def joined(
    settings: Settings, clock: FakeClock | None = None, max_bytes: Mapping[str, int] | None = None
) -> RecordsLink:
    """Open a link that owns its partitions."""
    limits = max_bytes or {}
    link = open_records_link(settings, ClientHealth(), clock or SystemClock(), lambda: False, max_bytes=limits)
    until(lambda: len(link.source.assignment()) == 4, link.source.poll)
    return link


def limit(settings: Settings, topic: str, size: int) -> None:
    """Lower the largest message that a topic takes."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in client.incremental_alter_configs([resource]).values():
        future.result(10)


def answers(settings: Settings, *values: bytes) -> OutboundResults:
    return OutboundResults(settings.topics.scores, values, [None] * len(values), [PLACE] * len(values))


def test_oversized_result_fails_and_nothing_is_committed(settings: Settings) -> None:
    topic = settings.topics.data[0]
    limit(settings, settings.topics.scores, 2000)
    link = joined(settings)
    link.checkpoint.results(answers(settings, b"small", b"x" * 5000))
    link.checkpoint.advance({(topic, PLACE): 2})
    with pytest.raises(DeliveryFailed) as caught:
        link.checkpoint.close()
    assert f"{settings.topics.scores}[{PLACE}]" in caught.value.message
    assert "MSG_SIZE_TOO_LARGE" in caught.value.message
    assert "max.message.bytes" in caught.value.hint
    with pytest.raises(DeliveryFailed):
        link.checkpoint.close()
    link.close()
    assert committed(settings, topic) == {}


def test_result_for_a_partition_that_is_not_there_fails_with_the_next_step(settings: Settings) -> None:
    link = joined(settings)
    link.checkpoint.results(answers(settings, b"first"))
    link.checkpoint.close()
    with pytest.raises(DeliveryFailed, match="topics create"):
        link.checkpoint.results(OutboundResults(settings.topics.scores, [b"x"], [None], [99]))
    link.close()


def test_partition_that_only_the_data_topic_has_names_both_topics(settings: Settings) -> None:
    topic = settings.topics.data[0]
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in client.create_partitions([NewPartitions(topic, 6)]).values():
        future.result(10)
    link = open_link(settings)
    until(lambda: len(link.source.assignment()) == 6, link.source.poll)
    link.checkpoint.results(answers(settings, b"the producer knows the topic then"))
    link.checkpoint.close()
    with pytest.raises(DeliveryFailed) as caught:
        link.checkpoint.results(OutboundResults(settings.topics.scores, [b"x"], [None], [5]))
    assert f"{settings.topics.scores} has no partition 5, but {topic} has" in caught.value.message
    assert "streamscore topics create" in caught.value.hint
    link.close()


def test_dead_letter_longer_than_its_topic_takes_is_cut(settings: Settings) -> None:
    size = 100_000
    limit(settings, settings.topics.dead_letters, size)
    link = joined(settings, max_bytes={settings.topics.dead_letters: size})
    headers: list[tuple[str, bytes | None]] = [("own", b"1"), ("__streamscore.errors.stage", b"decode")]
    link.checkpoint.dead_letters([DeadLetter(b"key", b"v" * 3_000_000, 0, headers)])
    link.checkpoint.dead_letters([DeadLetter(b"k" * size, b"value", 0, headers)])
    link.checkpoint.advance({(settings.topics.data[0], PLACE): 2})
    link.checkpoint.close()
    assert committed(settings, settings.topics.data[0]) == {PLACE: 2}
    with TopicReader(settings, settings.topics.dead_letters) as reader:
        (batch,) = list(reader)
    assert list(batch.keys) == [b"key", None]
    assert batch.values[0] == b"v" * len(batch.values[0] or b"")
    assert len(batch.values[0] or b"") > size - 2000
    assert batch.values[1] == b"value"
    assert batch.headers is not None
    names = [dict(of_letter or ()) for of_letter in batch.headers]
    assert [found["__streamscore.errors.truncated"] for found in names] == [b"value", b"key"]
    assert names[0]["__streamscore.errors.original.bytes"] == b"3000000"
    assert names[0]["own"] == b"1"
    link.close()


def test_many_small_results_pass_where_a_full_batch_would_be_too_large(settings: Settings) -> None:
    size, count = 2000, 5000
    limit(settings, settings.topics.scores, size)
    link = joined(settings, max_bytes={settings.topics.scores: size})
    link.checkpoint.results(answers(settings, *(b"%0100d" % number for number in range(count))))
    link.checkpoint.close()
    assert len(read_all(settings, settings.topics.scores)) == count
    link.close()


@pytest.mark.parametrize("key", [None, b"k" * 700])
def test_size_of_a_message_is_what_a_broker_counts(settings: Settings, key: bytes | None) -> None:
    """A broker takes what is as long as its limit; the estimate is at most 36 bytes too long."""
    value = b"v" * 1000
    size = message_bytes(key, value)
    for limit_bytes, taken in ((size, True), (size - 37, False)):
        limit(settings, settings.topics.scores, limit_bytes)
        link = joined(settings)
        link.checkpoint.results(OutboundResults(settings.topics.scores, [value], [key], [PLACE]))
        with nullcontext() if taken else pytest.raises(DeliveryFailed, match="MSG_SIZE_TOO_LARGE"):
            link.checkpoint.close()
        link.close()


def test_all_partitions_that_moved_are_committed(settings: Settings) -> None:
    topic = settings.topics.data[0]
    link = joined(settings)
    link.checkpoint.advance({(topic, 0): 5, (topic, 1): 7})
    link.checkpoint.advance({(topic, 1): 8, (topic, 3): 1})
    assert dict(link.checkpoint.pending) == {(topic, 0): 5, (topic, 1): 8, (topic, 3): 1}
    link.checkpoint.close()
    assert not link.checkpoint.pending
    assert committed(settings, topic) == {0: 5, 1: 8, 3: 1}
    link.close()


def test_checkpoint_closes_by_time_since_its_first_record_or_by_count(settings: Settings) -> None:
    topic = settings.topics.data[0]
    clock = FakeClock()
    link = joined(replace(settings, checkpoint=CheckpointSettings(interval_s=0.1, records=3)), clock)
    checkpoint = link.checkpoint
    clock.advance(60)
    assert not checkpoint.close_if_due()
    checkpoint.advance({(topic, 0): 1})
    clock.advance(0.09)
    assert not checkpoint.close_if_due()
    clock.advance(0.02)
    assert checkpoint.close_if_due()
    checkpoint.results(answers(settings, b"1", b"2"))
    assert not checkpoint.close_if_due()
    checkpoint.results(answers(settings, b"3"))
    assert checkpoint.close_if_due()
    link.close()


def test_a_close_that_began_is_finished_before_anything_more_is_handed_over(settings: Settings) -> None:
    topic, begun = settings.topics.data[0], {(settings.topics.data[0], PLACE): 1}
    link = joined(replace(settings, checkpoint=CheckpointSettings(interval_s=0)))
    link.checkpoint.results(answers(settings, b"first"))
    link.checkpoint.advance(begun)
    assert link.checkpoint.close_if_due()
    assert dict(link.checkpoint.pending) == begun
    link.checkpoint.results(answers(settings, b"second"))
    link.checkpoint.advance({(topic, PLACE): 2})
    until(lambda: committed(settings, topic).get(PLACE) == 1, link.source.poll)
    limit(settings, settings.topics.scores, 2000)
    link.checkpoint.results(answers(settings, b"x" * 5000))
    link.checkpoint.advance({(topic, PLACE): 3})
    assert link.checkpoint.close_if_due()
    with pytest.raises(DeliveryFailed):
        link.checkpoint.results(answers(settings, b"never"))
    with pytest.raises(DeliveryFailed):
        link.checkpoint.close_if_due()
    link.close()
    assert committed(settings, topic) == {PLACE: 1}
    assert read_all(settings, settings.topics.scores) == [b"first", b"second"]


def test_partitions_that_leave_take_a_close_that_began_with_them(settings: Settings) -> None:
    topic = settings.topics.data[0]
    link = joined(replace(settings, checkpoint=CheckpointSettings(interval_s=0)))
    link.checkpoint.results(answers(settings, b"1"))
    link.checkpoint.advance({(topic, 0): 5, (topic, 1): 7, (topic, 2): 9})
    assert link.checkpoint.close_if_due()
    link.checkpoint.discard([(topic, 1)])
    link.checkpoint.give_up([(topic, 2)])
    assert not link.checkpoint.pending
    assert committed(settings, topic) == {0: 5, 2: 9}
    link.close()


def test_discarded_partitions_are_not_committed(settings: Settings) -> None:
    topic = settings.topics.data[0]
    link = joined(settings)
    link.checkpoint.advance({(topic, 0): 5, (topic, 1): 7})
    link.checkpoint.discard([(topic, 1)])
    link.checkpoint.close()
    assert committed(settings, topic) == {0: 5}
    link.close()


def test_leaving_the_group_commits_what_is_in_hand(settings: Settings) -> None:
    topic = settings.topics.data[0]
    link = joined(settings)
    link.checkpoint.results(answers(settings, b"1"))
    link.checkpoint.advance({(topic, 0): 5})
    link.close()
    assert committed(settings, topic) == {0: 5}
    assert read_all(settings, settings.topics.scores) == [b"1"]


def test_commit_in_the_background_arrives(settings: Settings) -> None:
    topic = settings.topics.data[0]
    fill(settings, topic, (b"%d" % number for number in range(100)))
    link = open_link(settings)
    until(lambda: sum(committed(settings, topic).values()) == 100, lambda: copy(link, settings.topics.scores))
    link.close()


def test_results_keep_key_partition_and_order(settings: Settings) -> None:
    count = 5000
    values = [b"%d" % number for number in range(count)]
    link = joined(settings)
    partitions = [number % 4 for number in range(count)]
    link.checkpoint.results(OutboundResults(settings.topics.scores, values, values, partitions))
    link.checkpoint.close()
    seen: dict[int, list[int]] = {partition: [] for partition in range(4)}
    with TopicReader(settings, settings.topics.scores) as reader:
        for batch in reader:
            assert list(batch.keys) == list(batch.values)
            for partition, value in zip(batch.partitions, batch.values, strict=True):
                seen[partition].append(int(value or b""))
    assert seen == {partition: list(range(partition, count, 4)) for partition in range(4)}
    link.close()


def test_results_need_not_wait_for_company(settings: Settings) -> None:
    patient = replace(settings.kafka, producer={"linger.ms": "600000"})
    link = joined(replace(settings, kafka=patient))
    link.checkpoint.results(OutboundResults(settings.topics.scores, [b"lone"], [None], [0]))
    until(lambda: read_all(settings, settings.topics.scores) == [b"lone"], link.checkpoint.send_now)
    link.close()


def test_full_queue_is_waited_for(settings: Settings) -> None:
    small = replace(settings.kafka, producer={"queue.buffering.max.messages": "100"})
    link = joined(replace(settings, kafka=small))
    values = [b"%d" % number for number in range(5000)]
    link.checkpoint.results(answers(settings, *values))
    link.checkpoint.close()
    assert read_all(settings, settings.topics.scores) == values
    link.close()


@pytest.mark.parametrize("timestamp_ms", [0, int(time.time() * 1000) + 10 * 24 * 3600 * 1000])
def test_dead_letter_keeps_bytes_key_and_headers_whatever_its_timestamp(settings: Settings, timestamp_ms: int) -> None:
    headers = [("own", b"1"), ("own", None), ("stage", b"decode")]
    link = joined(settings)
    link.checkpoint.dead_letters([DeadLetter(b"key", b"\xff\x00", timestamp_ms, headers)])
    link.checkpoint.dead_letters([DeadLetter(None, None, timestamp_ms, ())])
    link.checkpoint.close()
    with TopicReader(settings, settings.topics.dead_letters) as reader:
        (batch,) = list(reader)
    assert (list(batch.keys), list(batch.values)) == ([b"key", None], [b"\xff\x00", None])
    assert batch.headers is not None
    assert batch.headers[0] is not None
    assert list(batch.headers[0]) == headers
    assert all(abs(stamp - time.time() * 1000) < 60_000 for stamp in batch.timestamps_ms)
    link.close()


def test_broker_restart_in_the_middle_loses_nothing(fresh_broker: EmbeddedBroker) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    topic, count = settings.topics.data[0], 4000
    values = [b"%d" % number for number in range(count)]
    fill(settings, topic, values)
    link = open_link(replace(settings, scoring=replace(settings.scoring, batch_records=100)))
    copied = 0

    def step() -> None:
        nonlocal copied
        copied += sum(map(len, copy(link, settings.topics.scores)))

    until(lambda: copied > 500, step)
    for batch in link.source.poll():  # in hand while the broker goes
        values_here = [value or b"" for value in batch.values]
        link.checkpoint.results(OutboundResults(settings.topics.scores, values_here, batch.keys, batch.partitions))
        link.checkpoint.advance(ends(batch))
        copied += len(batch)
    assert link.checkpoint.pending
    fresh_broker.stop()
    fresh_broker.start()
    until(lambda: sum(committed(settings, topic).values()) == count, step)
    link.close()
    assert set(Counter(read_all(settings, settings.topics.scores))) == set(values)


def test_stop_while_the_broker_is_frozen_ends_uncommitted(fresh_broker: EmbeddedBroker) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    clock = FakeClock()

    def stopping() -> bool:
        clock.advance(1.0)
        return True

    link = open_records_link(settings, ClientHealth(), clock, stopping)
    until(lambda: len(link.source.assignment()) == 4, link.source.poll)
    fresh_broker.pause()
    link.checkpoint.results(answers(settings, b"1"))
    link.checkpoint.advance({(settings.topics.data[0], 0): 1})
    with pytest.raises(TimedOut, match="1 messages were not acknowledged"):
        link.checkpoint.close()
    fresh_broker.resume()
    link.checkpoint.discard([(settings.topics.data[0], 0)])
    link.close()
    assert committed(settings, settings.topics.data[0]) == {}
