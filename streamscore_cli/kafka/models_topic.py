"""The whole models topic, read from its beginning and then for ever, by every instance; it decodes no message."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.batch import ModelMessage
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import TimedOut, TopicMismatch
from streamscore_cli.kafka.clients import make_consumer
from streamscore_cli.kafka.faults import DENIED, TOPIC_MISSING, refused
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import models_options
from streamscore_cli.kafka.presence import ATTEMPT_S, TopicPresence
from streamscore_cli.kafka.rouser import Rouser

READ_WAIT_S = 60.0
SLICE_S = 0.25
POLL_MESSAGES = 100
POLL_BYTES = 8 * 1024 * 1024
"""Once a poll has this much, it returns: models are large, and two of them in memory are enough."""

PARTITION = 0
MODELS_CLIENT = "models"

_MIGRATE = (
    "The order of models is their order in one partition. Make a new topic with one partition, publish the models "
    "to it, and name it in topics.models."
)


class KafkaModelsTopic:
    """Reads all of the models topic, without a group; used by the models thread only."""

    def __init__(
        self, settings: Settings, health: ClientHealth, *, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Begin at the beginning, once a broker answers; `stopping` ends a wait for one.

        Raises `TopicMismatch` when the topic is missing or has not exactly one partition, `KafkaRefused` when reading
        it is forbidden, `TimedOut` when told to stop while no broker answers.
        """
        self._topic = settings.topics.models
        self._stopping = stopping
        self._options = models_options(settings)
        self._health = health
        self._random: Consumer | None = None
        self._caught_up = False
        self._consumer = make_consumer(self._options, health.watch(MODELS_CLIENT))
        self._rouser = Rouser(self._consumer, MODELS_CLIENT, health, SystemClock())
        self._presence = TopicPresence(self._consumer, settings.kafka.brokers, health, SystemClock(), stopping)
        try:
            self._end = self._begin()
        except BaseException:
            self.close()
            raise

    def poll(self, timeout_s: float) -> Sequence[ModelMessage]:
        """Return the next messages, after waiting at most `timeout_s` for the first.

        Raises `KafkaRefused` when reading is forbidden and `TopicMismatch` when the topic stays gone.
        """
        self._health.raise_if_fatal()
        self._presence.look()
        self._rouser.rouse()
        messages: list[ModelMessage] = []
        size_bytes = 0
        while len(messages) < POLL_MESSAGES and size_bytes < POLL_BYTES:
            found = self._consumer.poll(0 if messages else timeout_s)
            if found is None:
                break
            error = found.error()
            if error is not None:
                self._on_event(error)
                break
            messages.append(_model_message(found))
            size_bytes += len(messages[-1].value or b"")
        if messages and messages[-1].offset + 1 >= self._end:
            self._caught_up = True
        return messages

    def caught_up(self) -> bool:
        """Tell whether the end that the topic had when reading began has been reached."""
        return self._caught_up

    def read(self, offset: int) -> ModelMessage | None:
        """Return the message at `offset`, or None where there is none any more, for good.

        Raises `TimedOut` when no broker answers for a minute or the instance is to stop: it can be read later. Else
        as `poll`.
        """
        if self._random is None:
            self._random = make_consumer(self._options, self._health.watch("models-read"))
        self._random.assign([KafkaPartition(self._topic, PARTITION, offset)])
        deadline_s = time.monotonic() + READ_WAIT_S
        try:
            while time.monotonic() < deadline_s and not self._stopping():
                self._presence.look()
                found = self._random.poll(SLICE_S)
                if found is None:
                    continue
                error = found.error()
                if error is None:
                    return _model_message(found) if found.offset() == offset else None
                if error.name() == "_PARTITION_EOF":
                    return None
                self._on_event(error)
        finally:
            self._random.unassign()
        why = "the instance is to stop" if self._stopping() else f"no broker answered for {READ_WAIT_S:g} s"
        raise TimedOut(f"The message at offset {offset} of {self._topic} was not read: {why}.")

    def close(self) -> None:
        """Close the reader."""
        for name, consumer in ((MODELS_CLIENT, self._consumer), ("models-read", self._random)):
            if consumer is not None:
                consumer.close()
                self._health.forget(name)

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the reader."""
        self.close()

    def _begin(self) -> int:
        """Check the topic, start reading, and return the offset after its last record."""
        end = self._presence.ask(self._topic, self._end_of_topic)
        self._consumer.assign([KafkaPartition(self._topic, PARTITION, OFFSET_BEGINNING)])
        return end

    def _end_of_topic(self) -> int:
        partitions = len(self._presence.metadata(self._topic).partitions)
        if partitions != 1:
            raise TopicMismatch(f"The models topic {self._topic} has {partitions} partitions, it must be 1.", _MIGRATE)
        place = KafkaPartition(self._topic, PARTITION)
        _, end = self._consumer.get_watermark_offsets(place, timeout=ATTEMPT_S)
        return end

    def _on_event(self, error: KafkaError) -> None:
        name = error.name()
        if name == "_PARTITION_EOF":
            self._caught_up = True  # also where the end is a marker of a transaction, which is no record
        elif name in TOPIC_MISSING:
            self._presence.suspect(self._topic)  # a broker that just came back may not know it for a moment
        elif name in DENIED:
            raise refused(error, f"reading the topic {self._topic}")


def _model_message(message: Message) -> ModelMessage:
    return ModelMessage(message.offset() or 0, message.timestamp()[1], message.key(), message.value())
