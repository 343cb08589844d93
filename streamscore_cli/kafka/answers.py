"""Takes what servers answer, results and dead letters, from now on, as it comes; it matches and decodes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.clock import Clock, SystemClock
from streamscore_cli.kafka.batches import record_batch
from streamscore_cli.kafka.clients import make_consumer
from streamscore_cli.kafka.faults import DENIED, TOPIC_MISSING, error_of, explained, missing_topic, refused
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import answers_options

METADATA_WAIT_S = 10.0
BATCH_RECORDS = 4000

_PASSES = frozenset({"NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE"})
_AGAIN_S = 0.05

_topic: Callable[[Message], Any] = Message.topic
_key: Callable[[Message], Any] = Message.key
_error: Callable[[Message], Any] = Message.error


@dataclass(frozen=True, slots=True)
class AnswerBatch:
    """The keys of the results that had come at `at_ns` (the clock's `perf_ns`), and dead letters where there are."""

    at_ns: int
    keys: Sequence[bytes | None]
    letters: RecordBatch | None = None


class AnswerReader:
    """Reads all partitions of the results topic and of the dead letters, without a group; only what is committed.

    A context manager, used by one thread. What was in the topics when it was opened is not read.
    """

    def __init__(self, settings: Settings, results: str, letters: str, clock: Clock | None = None) -> None:
        """Begin at the ends; a missing topic for dead letters is left out, as other servers may have none.

        Raises `TopicMismatch` when the results topic is missing, `BrokerUnreachable`, `KafkaRefused`.
        """
        self._results = results
        self._letters = letters
        self._clock = clock or SystemClock()
        self._brokers = settings.kafka.brokers
        self._health = ClientHealth()
        self._consumer = make_consumer(answers_options(settings), self._health.watch("answers"))
        try:
            starts = [*self._ends(results), *self._ends(letters, optional=True)]
            self.reads_letters = any(place.topic == letters for place in starts)
            self._consumer.assign(starts)
        except BaseException:
            self._consumer.close()
            raise

    def poll(self, timeout_s: float) -> AnswerBatch | None:
        """Return what has come, after waiting at most `timeout_s` for the first; raises `KafkaRefused`."""
        messages = self._consumer.consume(BATCH_RECORDS, 0)
        if not messages:
            first = self._consumer.poll(timeout_s)
            messages = [] if first is None else [first, *self._consumer.consume(BATCH_RECORDS - 1, 0)]
        at_ns = self._clock.perf_ns()
        self._health.raise_if_fatal()
        if any(map(_error, messages)):
            messages = [message for message in messages if not self._is_event(message)]
        if not messages:
            return None
        of_topics = list(map(_topic, messages))
        if of_topics.count(self._results) == len(messages):
            return AnswerBatch(at_ns, list(map(_key, messages)))
        results = [message for message in messages if message.topic() == self._results]
        letters = [message for message in messages if message.topic() != self._results]
        return AnswerBatch(at_ns, list(map(_key, results)), record_batch(self._letters, letters))

    def close(self) -> None:
        """Close the reader."""
        self._consumer.close()

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the reader."""
        self.close()

    def _ends(self, name: str, *, optional: bool = False) -> list[KafkaPartition]:
        try:
            topic = self._consumer.list_topics(name, timeout=METADATA_WAIT_S).topics[name]
            if topic.error is not None:
                if topic.error.name() in TOPIC_MISSING and optional:
                    return []
                self._raise(topic.error, name)
            places = [KafkaPartition(name, number) for number in topic.partitions]
            return [KafkaPartition(name, place.partition, self._end(place)) for place in places]
        except KafkaException as exception:
            self._consumer.poll(0)  # takes the errors that say why
            doing = f"reading the topic {name}"
            raise explained(exception, self._brokers, doing, self._health.errors) from exception

    def _end(self, place: KafkaPartition) -> int:
        """Return the end of a partition; of a new one once its broker has taken it over."""
        deadline_s = time.monotonic() + METADATA_WAIT_S
        while True:
            try:
                return self._consumer.get_watermark_offsets(place, timeout=METADATA_WAIT_S)[1]
            except KafkaException as exception:
                if error_of(exception).name() not in _PASSES or time.monotonic() > deadline_s:
                    raise
                self._consumer.poll(_AGAIN_S)

    def _is_event(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        self._raise(error, message.topic() or self._results)
        return True

    def _raise(self, error: KafkaError, topic: str) -> None:
        if error.name() in TOPIC_MISSING:
            raise missing_topic(topic)
        if error.fatal() or error.name() in DENIED:
            raise refused(error, f"reading the topic {topic}")
