"""Reads a topic without a group, for people and tests, to its end or for ever; it commits and decodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.kafka.batches import record_batch
from streamscore_cli.kafka.clients import make_consumer
from streamscore_cli.kafka.faults import DENIED, TOPIC_MISSING, explained, missing_topic, refused
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import reader_options

METADATA_WAIT_S = 10.0
BATCH_RECORDS = 1000


class TopicReader:
    """Reads all partitions of one topic; only what is committed. A context manager.

    `from_end` begins with what comes after now, `newest` so many records before the end of each partition. Iterating
    ends at the end that the topic had when reading began.
    """

    def __init__(self, settings: Settings, topic: str, *, from_end: bool = False, newest: int | None = None) -> None:
        """Begin to read; raises `TopicMismatch` when the topic is missing, `BrokerUnreachable`, `KafkaRefused`."""
        self._topic = topic
        self._brokers = settings.kafka.brokers
        self._health = ClientHealth()
        self._ends: dict[int, int] = {}
        self._consumer = make_consumer(reader_options(settings), self._health.watch("reader"))
        try:
            self._begin(0 if from_end else newest)
        except BaseException:
            self._consumer.close()
            raise

    def poll(self, timeout_s: float) -> RecordBatch | None:
        """Return the next records after waiting at most `timeout_s` for the first, or None; goes on behind the end."""
        messages = self._consumer.consume(BATCH_RECORDS, 0)
        if not messages:
            first = self._consumer.poll(timeout_s)
            messages = [] if first is None else [first, *self._consumer.consume(BATCH_RECORDS - 1, 0)]
        records = [message for message in messages if not self._is_event(message)]
        for message in records:
            self._reached(message.partition() or 0, (message.offset() or 0) + 1)
        self._health.raise_if_fatal()
        return record_batch(self._topic, records) if records else None

    def at_end(self) -> bool:
        """Tell whether all partitions were read to the end that they had when reading began."""
        return not self._ends

    def __iter__(self) -> Iterator[RecordBatch]:
        """Return the records up to the end, batch by batch; may hold some that came later."""
        while not self.at_end():
            batch = self.poll(0.5)
            if batch is not None:
                yield batch

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

    def _begin(self, newest: int | None) -> None:
        doing = f"reading the topic {self._topic}"
        try:
            topic = self._consumer.list_topics(self._topic, timeout=METADATA_WAIT_S).topics[self._topic]
            if topic.error is not None:
                self._raise(topic.error)
            starts = []
            for number in topic.partitions:
                place = KafkaPartition(self._topic, number)
                low, high = self._consumer.get_watermark_offsets(place, timeout=METADATA_WAIT_S)
                if high > low and newest != 0:
                    self._ends[number] = high
                start = OFFSET_BEGINNING if newest is None else max(low, high - newest)
                starts.append(KafkaPartition(self._topic, number, start))
        except KafkaException as exception:
            self._consumer.poll(0)  # takes the errors that say why
            raise explained(exception, self._brokers, doing, self._health.errors) from exception
        self._consumer.assign(starts)

    def _is_event(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.name() == "_PARTITION_EOF":
            self._ends.pop(message.partition() or 0, None)
        else:
            self._raise(error)
        return True

    def _raise(self, error: KafkaError) -> None:
        if error.name() in TOPIC_MISSING:
            raise missing_topic(self._topic)
        if error.fatal() or error.name() in DENIED:
            raise refused(error, f"reading the topic {self._topic}")

    def _reached(self, partition: int, offset: int) -> None:
        if offset >= self._ends.get(partition, offset + 1):
            del self._ends[partition]
