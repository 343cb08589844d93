"""Asks brokers about topics until they answer; it tells a topic that is gone from a broker that just came back.

A broker that was restarted may not answer, have no leader yet, or not know its topics for a moment. None of this is a
reason to end an instance: only a broker that forbids it is, or one that says for a while that a topic is not there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import TopicMetadata

from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.faults import DENIED, TOPIC_MISSING, cause_of, error_of, missing_topic, refused
from streamscore_cli.kafka.health import ClientHealth

T = TypeVar("T")

ATTEMPT_S = 5.0
"""How long one question waits for its answer; stopping is looked at in between."""

AGAIN_S = 0.25
LOOK_WAIT_S = 1.0
LOOK_EVERY_S = 2.0
REMIND_S = 10.0

MISSING_AT_START_S = 3.0
"""How long brokers may say that a topic is not there when reading begins: a name that is wrong is said soon."""

MISSING_S = 30.0
"""The same for a topic that was being read."""

_MALFORMED = frozenset({"TOPIC_EXCEPTION", "_INVALID_ARG"})

_log = logging.getLogger("streamscore.kafka")


class TopicPresence:
    """Asks with the consumer that reads, on its thread: at the start until there is an answer, later in passing."""

    def __init__(
        self, consumer: Consumer, brokers: str, health: ClientHealth, clock: Clock, stopping: Callable[[], bool]
    ) -> None:
        """Take who asks, the brokers' addresses for messages, who knows why they are silent, and what ends a wait."""
        self._consumer = consumer
        self._brokers = brokers
        self._health = health
        self._clock = clock
        self._stopping = stopping
        self._missing_since_s: dict[str, float] = {}
        self._suspects: set[str] = set()
        self._look_at_s = 0.0

    def metadata(self, topic: str, timeout_s: float = ATTEMPT_S) -> TopicMetadata:
        """Return what a broker says of a topic; raises `KafkaException`, also when it says that there is none."""
        found: TopicMetadata = self._consumer.list_topics(topic, timeout=timeout_s).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return found

    def ask(self, topic: str, question: Callable[[], T]) -> T:
        """Return the answer to a question about `topic`, asked again while it raises `KafkaException`.

        For before reading begins. Raises `KafkaRefused` when a broker forbids it, `TopicMismatch` when it says for a
        few seconds that there is no such topic, `TimedOut` when told to stop.
        """
        since_s = remind_at_s = self._clock.monotonic_s()
        while True:
            try:
                answer = question()
            except KafkaException as exception:
                error = error_of(exception)
            else:
                self._missing_since_s.pop(topic, None)
                return answer
            self._consumer.poll(0)  # takes the errors that say why
            self._judge(topic, error, MISSING_AT_START_S)
            cause = cause_of(error, self._health.errors)
            now_s = self._clock.monotonic_s()
            if now_s >= remind_at_s and error.name() not in TOPIC_MISSING:
                remind_at_s = now_s + REMIND_S
                waits = "the topic %s cannot be read yet, for %.0f s, from Kafka at %s: %s; trying again"
                extra = event("topic-unreadable", topic=topic, cause=cause, waited_s=now_s - since_s)
                _log.warning(waits, topic, now_s - since_s, self._brokers, cause, extra=extra)
            if self._stopping():
                raise TimedOut(f"Told to stop while no Kafka broker answered at {self._brokers}: {cause}.")
            time.sleep(AGAIN_S)

    def suspect(self, topic: str) -> None:
        """Note that a topic that is being read was said to be missing; `look` finds out whether it is."""
        if topic not in self._suspects:
            extra = event("topic-missing", topic=topic)
            _log.warning("the topic %s is said to be missing; looking whether it stays so", topic, extra=extra)
            self._suspects.add(topic)

    def look(self) -> None:
        """Ask after suspects every few seconds, in bounded time.

        Raises `TopicMismatch` for one that brokers call missing for half a minute, `KafkaRefused` for one forbidden.
        """
        now_s = self._clock.monotonic_s()
        if not self._suspects or now_s < self._look_at_s:
            return
        self._look_at_s = now_s + LOOK_EVERY_S
        for topic in sorted(self._suspects):
            try:
                self.metadata(topic, LOOK_WAIT_S)
            except KafkaException as exception:
                self._judge(topic, error_of(exception), MISSING_S)
            else:
                _log.info("the topic %s is there again", topic, extra=event("topic-back", topic=topic))
                self._suspects.discard(topic)
                self._missing_since_s.pop(topic, None)

    def _judge(self, topic: str, error: KafkaError, patience_s: float) -> None:
        name = error.name()
        if name in DENIED or name in _MALFORMED or error.fatal():
            raise refused(error, f"reading the topic {topic}")
        if name not in TOPIC_MISSING:  # no answer says nothing about the topic
            self._missing_since_s.pop(topic, None)
            return
        now_s = self._clock.monotonic_s()
        if now_s - self._missing_since_s.setdefault(topic, now_s) >= patience_s:
            raise missing_topic(topic)
