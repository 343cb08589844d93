"""A producer that knows whether all it was given has been delivered; it commits nothing.

Deliveries are known without a callback a message: the library reports failures only, and a flush that leaves nothing
*while no failure was counted* means that all is acknowledged. Neither of the two says so alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol

from confluent_kafka import KafkaError

from streamscore_cli.core.batch import Headers, OutboundResults
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import DeliveryFailed, TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.core.object_memory import object_memory
from streamscore_cli.kafka.client_producer import ClientProducer
from streamscore_cli.kafka.clients import made
from streamscore_cli.kafka.faults import CREATE_HINT, DENIED, TOPIC_MISSING, NotTaken
from streamscore_cli.kafka.health import ClientHealth, ClientWatch
from streamscore_cli.kafka.librdkafka import librdkafka
from streamscore_cli.kafka.native_producer import NativeProducer, OnFailed
from streamscore_cli.kafka.options import ClientOptions
from streamscore_cli.kafka.rouser import Rouser

SLICE_S = 0.25
"""How long one wait for the broker lasts before stop, failure and patience are looked at."""

ROOM_WAIT_S = 0.01
"""How long one wait for room lasts: what is delivered makes room and says nothing."""

REMIND_S = 10.0
NUDGE_S = 0.001
"""How long results without company are waited for: the client holds nothing back meanwhile. What comes after them has
company by then; waiting for the broker's answer instead cost a fifth of the latency at p50."""

GRACE_S = 8.0
"""How long deliveries may take once the instance is to stop."""

_NOTHING_COMMITTED = "Nothing was committed; these records will be read again."

_log = logging.getLogger("streamscore.kafka")


class ResultsProducer(Protocol):
    """What produces: it takes what there is room for, and tells `OnFailed` in `poll` and `flush` what was refused."""

    def produce_all(self, results: OutboundResults) -> int:
        """Take results in order while there is room; return how many, from the first on. Raises `NotTaken`."""
        ...

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Take one message for the partition of its key; tell whether there was room. Raises `NotTaken`."""
        ...

    def poll(self, timeout_s: float) -> None:
        """Hear what there is to hear, waiting for a first thing."""
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait until all is delivered or refused; return how many messages are not yet."""
        ...

    def __len__(self) -> int:
        """Return how many messages are neither delivered nor refused."""
        ...

    def list_topics(self, *, timeout: float) -> object:
        """Ask a broker for all topics, which makes the producer connect to one; raises `KafkaException`."""
        ...

    def close(self, timeout_s: float) -> None:
        """Drop what was not delivered and end."""
        ...


class DeliveringProducer:
    """Produces, waits for room and for deliveries, and keeps the first failure for good.

    A broker that is away is waited for, with a line in the log every ten seconds; memory stays bounded by the
    producer's queue. `stopping` ends a wait `GRACE_S` seconds after it turned true. One thread uses it.
    """

    def __init__(
        self,
        make: Callable[[OnFailed], ResultsProducer],
        watch: ClientWatch,
        clock: Clock,
        stopping: Callable[[], bool],
        sources: Callable[[int], Collection[str]] = lambda _partition: (),
    ) -> None:
        """Make the producer; nothing is sent yet. `sources` names the data topics with that partition, for messages."""
        self._watch = watch
        self._producer = make(self._on_failed)
        self._rouser = Rouser(self._producer, watch.name, watch.health, clock)
        self._health = watch.health
        self._clock = clock
        self._stopping = stopping
        self._failed = 0
        self.waited_s = 0.0
        """How long deliveries were waited for so far."""
        self._sources = sources
        self._first_failure: tuple[KafkaError, str, int | None] | None = None

    def send_all(self, results: OutboundResults) -> None:
        """Produce results to the partition of their source, waiting while the queue is full; raises as `settle`."""
        patience = self._patience()
        try:
            taken = self._producer.produce_all(results)
            while taken < len(results.values):
                self._wait_for_room(patience)
                taken += self._producer.produce_all(results.behind(taken))
        except NotTaken as refused:
            raise self._not_taken(refused) from refused
        self._producer.poll(0)

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Produce one message to the partition of its key; raises as `settle`.

        No timestamp is given: brokers refuse one from the future, and retention takes one from the past at once.
        """
        patience = self._patience()
        try:
            while not self._producer.produce(topic, key, value, headers):
                self._wait_for_room(patience)
        except NotTaken as refused:
            raise self._not_taken(refused) from refused
        self._producer.poll(0)

    def send_now(self) -> None:
        """Send what `linger.ms` holds back, and give its delivery a moment."""
        if len(self._producer):
            self._producer.flush(NUDGE_S)

    def listen(self) -> None:
        """Take what the client has to say, its state and its failures; without it an idle one would be deaf."""
        self._producer.poll(0)

    def settle(self, limit_s: float | None = None) -> None:
        """Wait until everything is delivered.

        Raises `DeliveryFailed` when a message was refused for good, `KafkaRefused` when the producer cannot go on,
        `TimedOut` after `limit_s` seconds or when the instance stops and the broker stays away.
        """
        begun_s = self._clock.monotonic_s()
        if self._producer.flush(SLICE_S):
            patience = self._patience(limit_s)
            while left := self._producer.flush(SLICE_S):
                self._look(patience, left)
                self._rouser.rouse()
        self.waited_s += self._clock.monotonic_s() - begun_s
        self._raise_failure()

    def close(self) -> None:
        """Drop what was not delivered and end the producer."""
        self._producer.close(SLICE_S)
        self._watch.closed()

    def _patience(self, limit_s: float | None = None) -> _Patience:
        return _Patience(self._clock, self._stopping, limit_s)

    def _wait_for_room(self, patience: _Patience) -> None:
        """Give room a moment to come; whether it came, only another attempt tells."""
        self._producer.poll(ROOM_WAIT_S)
        self._look(patience, len(self._producer))

    def _look(self, patience: _Patience, left: int) -> None:
        self._raise_failure()
        self._health.raise_if_fatal()
        patience.look(left, self._health)

    def _on_failed(self, error: KafkaError, topic: str, partition: int | None) -> None:
        self._failed += 1
        if self._first_failure is None:
            self._first_failure = error, topic, partition

    def _raise_failure(self) -> None:
        if self._first_failure is not None:
            raise self._delivery_failed(*self._first_failure)

    def _not_taken(self, refused: NotTaken) -> DeliveryFailed:
        self._on_failed(refused.error, refused.topic, refused.partition)
        return self._delivery_failed(refused.error, refused.topic, refused.partition)

    def _delivery_failed(self, error: KafkaError, topic: str, partition: int | None) -> DeliveryFailed:
        if error.name() == "_UNKNOWN_PARTITION" and partition is not None:
            return _partition_missing(topic, partition, self._sources(partition))
        where = topic if partition is None else f"{topic}[{partition}]"
        more = f" ({self._failed} messages in all)" if self._failed > 1 else ""
        return _delivery_failed(error, f"{where}{more}")


def results_producer(
    options: ClientOptions, watch: ClientWatch, on_failed: OnFailed, *, bulk: bool = True
) -> ResultsProducer:
    """Return a producer that takes many results in one call, or with `bulk` off, or where that cannot be, one by one.

    Raises `SettingsError` when the library refuses a property.
    """
    library, memory = librdkafka(), object_memory()
    if not bulk or library is None or memory is None or options.wants_tokens:
        return ClientProducer(options, watch, on_failed)
    return made(partial(NativeProducer, options, watch, on_failed, library, memory), options)


def _partition_missing(topic: str, partition: int, sources: Collection[str]) -> DeliveryFailed:
    theirs = ", ".join(sorted(sources)) or "the data topic"
    message = (
        f"The topic {topic} has no partition {partition}, but {theirs} has: partitions were added to the one only."
    )
    hint = f"`streamscore topics create` makes {topic} as large. {_NOTHING_COMMITTED}"
    return DeliveryFailed(message, hint)


def _delivery_failed(error: KafkaError, where: str) -> DeliveryFailed:
    hint = _NOTHING_COMMITTED
    if error.name() == "MSG_SIZE_TOO_LARGE":
        hint = "Raise max.message.bytes of the topic. " + hint
    elif error.name() in TOPIC_MISSING:
        hint = f"{CREATE_HINT} {hint}"
    elif error.name() in DENIED:
        hint = "Ask for an ACL that allows writing to the topic. " + hint
    return DeliveryFailed(f"Kafka did not take a message for {where}: {error.str()} ({error.name()}).", hint)


class _Patience:
    """One wait for a broker: reminds in the log, and ends when its limit or the grace of a stop is over."""

    def __init__(self, clock: Clock, stopping: Callable[[], bool], limit_s: float | None) -> None:
        self._clock = clock
        self._stopping = stopping
        self._since_s = clock.monotonic_s()
        self._remind_at_s = self._since_s + REMIND_S
        self._deadline_s = None if limit_s is None else self._since_s + limit_s

    def look(self, left: int, health: ClientHealth) -> None:
        now_s = self._clock.monotonic_s()
        if self._stopping():
            stop_at_s = now_s + GRACE_S
            self._deadline_s = min(self._deadline_s or stop_at_s, stop_at_s)
        if now_s >= self._remind_at_s:
            self._remind_at_s = now_s + REMIND_S
            why = health.cause or "no answer yet"
            waited_s = now_s - self._since_s
            extra = event("delivery-waits", messages=left, waited_s=waited_s, cause=why)
            _log.warning("%d messages wait for Kafka since %.0f s: %s", left, waited_s, why, extra=extra)
        if self._deadline_s is not None and now_s >= self._deadline_s:
            message = f"{left} messages were not acknowledged by Kafka within {now_s - self._since_s:.0f} s."
            raise TimedOut(message, "They are not committed: their records will be read again.")
