"""Sends what publishers publish, as fast as it goes, and counts what became of it; it makes no message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Message

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.kafka.clients import make_producer
from streamscore_cli.kafka.faults import error_of
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import Role, client_options
from streamscore_cli.kafka.rouser import Rouser

CALLBACKS_EVERY = 1000
"""Messages between two looks at what the client has to say."""

ROOM_WAIT_S = 0.1
EXIT_WAIT_S = 10.0


class KafkaOutbox:
    """Sends keyed messages to the partition that Java's producer would choose; order per key is kept.

    Failures come by callback, one each; whatever was sent, did not fail and is not in the queue any more has been
    acknowledged. A context manager: it waits a moment for the rest, or drops it when an exception ended the block.
    """

    def __init__(
        self,
        settings: Settings,
        health: ClientHealth | None = None,
        stopping: Callable[[], bool] = lambda: False,
        role: Role = Role.OUTBOX,
    ) -> None:
        """Make the producer; `stopping` ends a wait for room in the queue."""
        self._health = health or ClientHealth()
        self._watch = self._health.watch("outbox")
        self._producer = make_producer(client_options(settings.kafka, role), self._watch, self._on_delivery)
        self._produce = self._producer.produce
        self._clock = SystemClock()
        self._rouser = Rouser(self._producer, "outbox", self._health, self._clock)
        self._stopping = stopping
        self._sent = 0
        self._failed = 0
        self._acknowledged = 0
        self._last_error = ""

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Hand a message over; waits while the queue is full, unless told to stop: then it counts as failed.

        Raises `KafkaRefused` when the client cannot go on.
        """
        self._sent += 1
        try:
            self._produce(topic, value, key)
        except BufferError:
            self._insist(partial(self._produce, topic, value, key), topic)
        except KafkaException as exception:
            self._fail(error_of(exception), topic)
        if not self._sent % CALLBACKS_EVERY:
            self._producer.poll(0)

    def send_many(self, topic: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        """Hand messages over, in order, as `send` does, and take what the client has to say."""
        produce = self._produce
        self._sent += len(keys)
        for key, value in zip(keys, values, strict=True):
            try:
                produce(topic, value, key)
            except BufferError:
                self._insist(partial(produce, topic, value, key), topic)
            except KafkaException as exception:
                self._fail(error_of(exception), topic)
        self._producer.poll(0)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is acknowledged or refused; tell whether it is."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        while left := self._producer.flush(max(min(deadline_s - self._clock.monotonic_s(), ROOM_WAIT_S), 0)):
            if self._clock.monotonic_s() >= deadline_s:
                break
            self._rouser.rouse()
        self._acknowledged = self.acknowledged
        self._health.raise_if_fatal()
        return left == 0

    @property
    def sent(self) -> int:
        """Return how many messages were handed over."""
        return self._sent

    @property
    def acknowledged(self) -> int:
        """Return how many messages the broker has acknowledged, as far as it is known.

        The client counts what it has to say (errors, statistics) as messages that wait: never fewer than known before.
        """
        return max(self._acknowledged, self._sent - self._failed - len(self._producer))

    @property
    def failed(self) -> int:
        """Return how many messages were refused for good."""
        return self._failed

    @property
    def last_error(self) -> str:
        """Return why the last refused message was refused, or an empty string."""
        return self._last_error

    def close(self) -> None:
        """Drop what is left and end the producer."""
        self._producer.purge()
        self._producer.flush(ROOM_WAIT_S)
        self._watch.closed()

    def __enter__(self) -> Self:
        """Return the outbox itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait a moment for the rest when all went well, then close."""
        if kind is None:
            self._producer.flush(EXIT_WAIT_S)
        self.close()

    def _insist(self, produce: Callable[[], None], topic: str) -> None:
        while not self._stopping():
            self._producer.poll(ROOM_WAIT_S)
            self._health.raise_if_fatal()
            try:
                produce()
            except BufferError:
                continue
            return
        self._failed += 1
        self._last_error = f"{topic}: not sent, told to stop while the queue was full"

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._fail(error, f"{message.topic()}[{message.partition()}]")

    def _fail(self, error: KafkaError, where: str) -> None:
        self._failed += 1
        self._last_error = f"{where}: {error.str()} ({error.name()})"
