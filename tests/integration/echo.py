"""A server for tests of `bench`: answers every record of a topic with its key, but loses and doubles as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, Producer, TopicPartition

from streamscore_cli.config.settings import Settings
from streamscore_cli.kafka.topics import TopicAdmin

Answer = Callable[[int], tuple[int, int]]
"""From the number in a record's key to how many results and how many dead letters it gets."""


class Echo:
    """A context manager: a thread from the end of the data topic to results and dead letters, while it is open."""

    def __init__(self, settings: Settings, answer: Answer, *, keeps_keys: bool = True) -> None:
        self._settings = settings
        self._answer = answer
        self._keeps_keys = keeps_keys
        self._over = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        topics = self._settings.topics
        brokers = {"bootstrap.servers": self._settings.kafka.brokers}
        consumer = Consumer({**brokers, "group.id": "echo", "enable.auto.commit": False, "auto.offset.reset": "error"})
        producer = Producer({**brokers, "linger.ms": 0})
        with TopicAdmin(self._settings) as admin:
            [data] = admin.describe([topics.data[0]])
        consumer.assign([TopicPartition(data.name, part.partition, part.high) for part in data.partitions])
        self._ready.set()
        while not self._over.is_set():
            for message in consumer.consume(500, 0.05):
                key = message.key() or b""
                results, letters = self._answer(int(key.rpartition(b"-")[2]))
                for _ in range(results):
                    producer.produce(topics.scores, b"{}", key if self._keeps_keys else None)
                for _ in range(letters):
                    producer.produce(topics.dead_letters, b"", key, headers=[("__streamscore.errors.cause", b"test")])
            producer.poll(0)
        producer.flush(30)
        consumer.close()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(60)
