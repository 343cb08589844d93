"""The reader of answers on a real broker: what comes from now on, told apart by topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import TopicMismatch
from streamscore_cli.kafka.answers import AnswerBatch, AnswerReader
from streamscore_cli.kafka.options import Role
from streamscore_cli.kafka.outbox import KafkaOutbox
from tests.fakes import FakeClock
from tests.integration.servers import wait_until

pytestmark = pytest.mark.kafka


def collected(reader: AnswerReader, done: Callable[[list[AnswerBatch]], bool]) -> list[AnswerBatch]:
    found: list[AnswerBatch] = []

    def look() -> bool:
        batch = reader.poll(0.2)
        if batch is not None:
            found.append(batch)
        return done(found)

    wait_until(look, "answers")
    return found


def send(settings: Settings, topic: str, *keys: bytes) -> None:
    with KafkaOutbox(settings, role=Role.LOAD) as outbox:
        outbox.send_many(topic, keys, [b"value"] * len(keys))
        assert outbox.flush(30)
        assert (outbox.sent, outbox.acknowledged) == (len(keys), len(keys))


def test_results_and_dead_letters_from_now_on(settings: Settings) -> None:
    scores, letters = settings.topics.scores, settings.topics.dead_letters
    send(settings, scores, b"old")
    with AnswerReader(settings, scores, letters, FakeClock(now_s=3.0)) as reader:
        assert reader.reads_letters
        send(settings, scores, b"a", b"b")
        send(settings, letters, b"dead")
        found = collected(
            reader,
            lambda batches: sum(len(one.keys) + len(one.letters or ()) for one in batches) == 3,
        )
    assert sorted(key or b"" for batch in found for key in batch.keys) == [b"a", b"b"]
    assert [key for batch in found if batch.letters for key in batch.letters.keys] == [b"dead"]
    assert {batch.at_ns for batch in found} == {3_000_000_000}


def test_servers_without_dead_letters_can_be_measured(settings: Settings) -> None:
    with AnswerReader(settings, settings.topics.scores, "no-such-topic") as reader:
        assert not reader.reads_letters
        send(settings, settings.topics.scores, b"a")
        assert [batch.keys for batch in collected(reader, bool)] == [[b"a"]]


def test_a_missing_results_topic_is_named(settings: Settings) -> None:
    with pytest.raises(TopicMismatch, match="gone"):
        AnswerReader(settings, "gone", settings.topics.dead_letters)


def test_messages_that_the_broker_refuses_are_counted(settings: Settings) -> None:
    hasty = replace(settings.kafka, producer={"topic.metadata.propagation.max.ms": "500"})
    with KafkaOutbox(replace(settings, kafka=hasty), role=Role.LOAD) as outbox:
        outbox.send_many("no-such-topic", [b"a", b"b"], [b"1", b"2"])
        assert outbox.flush(30)
        assert (outbox.sent, outbox.failed) == (2, 2)
