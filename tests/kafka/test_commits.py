"""Which offsets are committed again after a failure: never older ones than were started, never another owner's."""

from __future__ import annotations

from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.core.errors import KafkaRefused
from streamscore_cli.kafka.clients import OnCommit
from streamscore_cli.kafka.commits import OffsetCommits

TIMED_OUT = KafkaError._TIMED_OUT
UNKNOWN_TOPIC = KafkaError.UNKNOWN_TOPIC_OR_PART


class Commits:
    """A consumer that only remembers what it is asked to commit, and whose answers come when the test says so."""

    def __init__(self) -> None:
        self.asked: list[dict[int, int]] = []
        self.commits = OffsetCommits(self._made)

    def _made(self, on_commit: OnCommit) -> Consumer:
        self.answer = on_commit
        return cast(Consumer, self)

    def commit(self, offsets: list[KafkaPartition], *, asynchronous: bool) -> list[KafkaPartition]:
        assert asynchronous
        self.asked.append({place.partition: place.offset for place in offsets})
        return offsets

    def start(self, **positions: int) -> None:
        self.commits.start({("t", int(name.removeprefix("p"))): offset for name, offset in positions.items()})

    def fails(self, partition: int, offset: int, code: int = TIMED_OUT) -> None:
        self.answer(KafkaError(code), [KafkaPartition("t", partition, offset)])

    def succeeds(self, partition: int, offset: int) -> None:
        self.answer(None, [KafkaPartition("t", partition, offset)])


def test_failed_commit_goes_with_the_next() -> None:
    consumer = Commits()
    consumer.start(p0=10)
    consumer.fails(0, 10)
    consumer.start(p1=5)
    assert consumer.asked[-1] == {0: 10, 1: 5}


def test_failed_commit_does_not_overtake_a_newer_one_that_succeeded() -> None:
    consumer = Commits()
    consumer.start(p0=10)
    consumer.start(p0=20)
    consumer.fails(0, 10)
    consumer.succeeds(0, 20)
    consumer.start(p1=5)
    assert consumer.asked[-1] == {1: 5}


def test_of_two_failed_commits_the_newer_goes_with_the_next() -> None:
    consumer = Commits()
    consumer.start(p0=10)
    consumer.start(p0=20)
    consumer.fails(0, 20)
    consumer.fails(0, 10)
    consumer.start(p1=5)
    assert consumer.asked[-1] == {0: 20, 1: 5}


def test_late_failure_of_a_partition_that_left_is_dropped() -> None:
    consumer = Commits()
    consumer.start(p0=30)
    consumer.commits.forget([("t", 0)])
    consumer.fails(0, 30)
    consumer.start(p1=6)
    assert consumer.asked[-1] == {1: 6}


def test_late_failure_of_before_a_partition_came_back_is_dropped() -> None:
    consumer = Commits()
    consumer.start(p0=30)
    consumer.commits.forget([("t", 0)])
    consumer.start(p0=25)
    consumer.fails(0, 30)
    consumer.start(p1=6)
    assert consumer.asked[-1] == {1: 6}


def test_topic_that_a_restarted_broker_does_not_know_yet_is_tried_again() -> None:
    consumer = Commits()
    consumer.start(p0=10)
    consumer.fails(0, 10, UNKNOWN_TOPIC)
    consumer.start(p1=5)
    assert consumer.asked[-1] == {0: 10, 1: 5}


def test_forbidden_commit_is_an_error() -> None:
    consumer = Commits()
    consumer.start(p0=10)
    consumer.fails(0, 10, KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaRefused, match="committing offsets of t"):
        consumer.start(p0=11)
