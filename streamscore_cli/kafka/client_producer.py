"""The Python client's own producer in the shape that deliveries need, a call for each result; it knows no C."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException, Message

from streamscore_cli.core.batch import Headers, OutboundResults
from streamscore_cli.core.columns import integers
from streamscore_cli.kafka.clients import make_producer
from streamscore_cli.kafka.faults import NotTaken, error_of
from streamscore_cli.kafka.health import ClientWatch
from streamscore_cli.kafka.native_producer import OnFailed
from streamscore_cli.kafka.options import ClientOptions


class ClientProducer:
    """Does what `NativeProducer` does, and means the same by it."""

    def __init__(self, options: ClientOptions, watch: ClientWatch, on_failed: OnFailed) -> None:
        """Make the producer; raises `SettingsError` when the library refuses a property."""
        self._on_failed = on_failed
        self._producer = make_producer(options, watch, self._delivered)

    def produce_all(self, results: OutboundResults) -> int:
        """Take results in order while there is room; return how many were taken. Raises `NotTaken`."""
        produce, topic = self._producer.produce, results.topic
        partition, taken = None, 0
        partitions = integers(results.partitions).tolist()
        try:
            for value, key, partition in zip(results.values, results.keys, partitions, strict=True):
                produce(topic, value, key, partition)
                taken += 1
        except BufferError:
            return taken
        except KafkaException as exception:
            raise NotTaken(error_of(exception), topic, partition) from exception
        return taken

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Take one message for the partition of its key; tell whether there was room. Raises `NotTaken`."""
        try:
            self._producer.produce(topic, value, key, headers=list(headers))
        except BufferError:
            return False
        except KafkaException as exception:
            raise NotTaken(error_of(exception), topic, None) from exception
        return True

    def poll(self, timeout_s: float) -> None:
        """Hear what there is to hear, waiting for a first thing."""
        self._producer.poll(timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Wait until all is delivered or refused; return how many messages are not yet."""
        return int(self._producer.flush(timeout_s))

    def __len__(self) -> int:
        """Return how many messages are neither delivered nor refused."""
        return len(self._producer)

    def list_topics(self, *, timeout: float) -> object:
        """Ask a broker for all topics, which makes the producer connect to one; raises `KafkaException`."""
        return self._producer.list_topics(timeout=timeout)

    def close(self, timeout_s: float) -> None:
        """Drop what was not delivered."""
        self._producer.purge()
        self._producer.flush(timeout_s)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._on_failed(error, message.topic() or "", message.partition())
