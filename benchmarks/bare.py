"""The bare loop: what the tuned client can do when nothing is decoded, scored or encoded; a program of its own.

It takes key, value, partition and offset of every record. Its results are the bytes of one file, over and over: one
result as the server writes it, made beforehand. The client's properties, the size of a batch, the time of a checkpoint
and what is done about garbage are the server's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streamscore_cli.config.settings import CheckpointSettings, KafkaSettings, ScoringSettings
from streamscore_cli.kafka.options import Role, client_options
from streamscore_cli.runtime.garbage import spare_collections

BATCH = ScoringSettings().batch_records
IDLE_S = 0.05
FLUSH_S = 30.0

_key: Callable[[Message], Any] = Message.key
_value: Callable[[Message], Any] = Message.value
_partition: Callable[[Message], Any] = Message.partition
_offset: Callable[[Message], Any] = Message.offset


class Bare:
    """Consume, produce the result to the record's partition with its key, commit what is delivered."""

    def __init__(self, brokers: str, group: str, result: bytes) -> None:
        """Make the two clients."""
        kafka = KafkaSettings(brokers=brokers)
        own = {"group.id": group, "auto.offset.reset": "earliest"}
        self._consumer = Consumer({**client_options(kafka, Role.RECORDS).properties, **own})
        self._producer = Producer({**client_options(kafka, Role.RESULTS).properties, "on_delivery": self._on_delivery})
        self._result = result
        self._failed = 0

    def run(self, data: str, scores: str) -> None:
        """Do so until the process is ended; raises RuntimeError when a result was refused."""
        self._consumer.subscribe([data])
        done: dict[int, int] = {}
        close_at_s = 0.0
        spare_collections()
        while True:
            messages = self._consumer.consume(BATCH, 0) or self._consumer.consume(1, IDLE_S)
            if any(map(Message.error, messages)):
                raise RuntimeError(next(filter(None, map(Message.error, messages))))
            done.update(self._produce(scores, messages))
            if done and time.monotonic() >= close_at_s:
                self._commit(data, done)
                done = {}
                close_at_s = time.monotonic() + CheckpointSettings().interval_s

    def _produce(self, topic: str, messages: Sequence[Message]) -> dict[int, int]:
        """Produce a result a message; return the offset after the last of each partition."""
        produce, result = self._producer.produce, self._result
        partitions, values = list(map(_partition, messages)), map(_value, messages)
        for _value_read, key, partition in zip(values, map(_key, messages), partitions, strict=True):
            while True:
                try:
                    produce(topic, result, key, partition)
                except BufferError:
                    self._producer.poll(IDLE_S)
                else:
                    break
        self._producer.poll(0)
        return dict(zip(partitions, map(_offset, messages), strict=True))

    def _commit(self, topic: str, done: dict[int, int]) -> None:
        if self._producer.flush(FLUSH_S) or self._failed:
            message = f"{self._failed} results were refused, or not taken in time"
            raise RuntimeError(message)
        offsets = [TopicPartition(topic, partition, offset + 1) for partition, offset in done.items()]
        self._consumer.commit(offsets=offsets, asynchronous=True)

    def _on_delivery(self, _error: object, _message: Message) -> None:
        self._failed += 1


def main() -> None:
    """Run it as it is told."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--brokers", "--data", "--scores", "--group"):
        parser.add_argument(option, required=True)
    parser.add_argument("--result", required=True, type=Path, help="a file with the bytes of a result")
    options = parser.parse_args()
    Bare(options.brokers, options.group, options.result.read_bytes()).run(options.data, options.scores)


if __name__ == "__main__":
    main()
