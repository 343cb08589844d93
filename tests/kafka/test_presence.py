"""Which answers about a topic are waited out and which end an instance; answers are scripted, time is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException

from streamscore_cli.core.errors import KafkaRefused, TimedOut, TopicMismatch
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.presence import MISSING_AT_START_S, MISSING_S, TopicPresence
from tests.fakes import FakeClock

MISSING = KafkaError.UNKNOWN_TOPIC_OR_PART
DENIED = KafkaError.TOPIC_AUTHORIZATION_FAILED
SILENT = KafkaError._TRANSPORT
LEADERLESS = KafkaError.LEADER_NOT_AVAILABLE


class Brokers:
    """A consumer whose brokers give these answers, the last for ever: a code of an error of the topic, or None."""

    def __init__(self, clock: FakeClock, answers: Sequence[int | None], step_s: float = 1.0) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.step_s = step_s

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        self.clock.advance(self.step_s)
        code = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if code == SILENT:
            raise KafkaException(KafkaError(SILENT))
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None if code is None else KafkaError(code))})

    def poll(self, timeout: float) -> None:
        assert timeout == 0


def presence(*answers: int | None, step_s: float = 1.0, stop_after_s: float = 1e9) -> TopicPresence:
    clock = FakeClock()
    end_s = clock.now_s + stop_after_s
    consumer = cast(Consumer, Brokers(clock, answers, step_s))
    return TopicPresence(consumer, "a:1", ClientHealth(clock), clock, lambda: clock.now_s >= end_s)


def ask(asked: TopicPresence) -> object:
    return asked.ask("wine", partial(asked.metadata, "wine"))


def test_broker_that_comes_back_without_topics_at_first_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "streamscore.kafka"):
        assert ask(presence(SILENT, LEADERLESS, MISSING, None))
    assert "the topic wine cannot be read yet" in caplog.text
    assert "a:1" in caplog.text


def test_wait_is_reminded_of_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "streamscore.kafka"):
        ask(presence(SILENT, SILENT, SILENT, SILENT, None, step_s=6.0))
    assert len(caplog.records) == 2


def test_topic_that_is_missing_at_the_start_is_said_soon() -> None:
    asked = presence(MISSING)
    with pytest.raises(TopicMismatch, match=r"wine.*streamscore topics create"):
        ask(asked)
    assert asked._clock.monotonic_s() - FakeClock().now_s <= MISSING_AT_START_S + 1


def test_missing_counts_only_while_brokers_answer() -> None:
    assert ask(presence(MISSING, MISSING, SILENT, MISSING, MISSING, None))


def test_forbidden_topic_is_an_error_at_once() -> None:
    with pytest.raises(KafkaRefused, match="reading the topic wine"):
        ask(presence(DENIED))


def test_told_to_stop_is_an_end() -> None:
    with pytest.raises(TimedOut, match="a:1"):
        ask(presence(SILENT, stop_after_s=2.5))


def looked(asked: TopicPresence, seconds: int) -> None:
    clock = cast(FakeClock, asked._clock)
    for _ in range(seconds):
        clock.advance(1.0)
        asked.look()


def test_suspect_that_is_there_again_is_forgotten() -> None:
    asked = presence(MISSING, SILENT, MISSING, None, MISSING, step_s=0)
    asked.suspect("wine")
    looked(asked, 200)


def test_suspect_that_stays_missing_is_an_error() -> None:
    asked = presence(MISSING, step_s=0)
    asked.suspect("wine")
    looked(asked, round(MISSING_S))
    with pytest.raises(TopicMismatch, match="wine"):
        looked(asked, 10)


def test_suspect_is_not_called_missing_while_no_broker_answers() -> None:
    asked = presence(MISSING, SILENT, step_s=0)
    asked.suspect("wine")
    looked(asked, 200)


def test_without_suspects_nothing_is_asked() -> None:
    looked(presence(DENIED), 10)
