"""The bare loop: what the tuned client can do when nothing is decoded, scored or encoded; a program of its own.

It takes key, value, partition and offset of every record. Its results are the bytes of one file, over and over: one
result as the server writes it, made beforehand. The client's properties, the size of a batch, the time of a checkpoint
and what is done about garbage and time slices are the server's. It produces by the client library's call, one result a
call; with `--bulk` as the server does, many in one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, Message, TopicPartition

from streamscore_cli.config.settings import CheckpointSettings, KafkaSettings, ScoringSettings
from streamscore_cli.core.batch import OutboundResults
from streamscore_cli.kafka.delivery import results_producer
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.message_numbers import numbers_of
from streamscore_cli.kafka.options import Role, client_options
from streamscore_cli.runtime.garbage import keep_blocks, spare_collections
from streamscore_cli.runtime.time_slices import shorten_time_slices

BATCH = ScoringSettings().batch_records
IDLE_S = 0.05
FLUSH_S = 30.0

_key: Callable[[Message], Any] = Message.key
_value: Callable[[Message], Any] = Message.value
_partition: Callable[[Message], Any] = Message.partition
_offset: Callable[[Message], Any] = Message.offset


class Bare:
    """Consume, produce the result to the record's partition with its key, commit what is delivered."""

    def __init__(self, brokers: str, group: str, result: bytes, *, bulk: bool) -> None:
        """Make the two clients."""
        shorten_time_slices()
        kafka = KafkaSettings(brokers=brokers)
        own = {"group.id": group, "auto.offset.reset": "earliest"}
        self._consumer = Consumer({**client_options(kafka, Role.RECORDS).properties, **own})
        options, watch = client_options(kafka, Role.RESULTS), ClientHealth().watch("results")
        self._producer = results_producer(options, watch, self._on_failed, bulk=bulk)
        self._produce = self._in_bulk if bulk else self._one_by_one
        self._result = result
        self._failed = 0

    def run(self, data: str, scores: str) -> None:
        """Do so until the process is ended; raises RuntimeError when a result was refused."""
        self._consumer.subscribe([data])
        done: dict[int, int] = {}
        close_at_s = 0.0
        spare_collections()
        keep_blocks()
        while True:
            messages = self._consumer.consume(BATCH, 0) or self._consumer.consume(1, IDLE_S)
            if any(map(Message.error, messages)):
                raise RuntimeError(next(filter(None, map(Message.error, messages))))
            done.update(self._produce(scores, messages))
            if done and time.monotonic() >= close_at_s:
                self._commit(data, done)
                done = {}
                close_at_s = time.monotonic() + CheckpointSettings().interval_s

    def _one_by_one(self, topic: str, messages: list[Message]) -> dict[int, int]:
        """Produce a result a message; return the last offset of each partition."""
        partitions, values, keys = (list(map(get, messages)) for get in (_partition, _value, _key))
        self._hand_over(OutboundResults(topic, [self._result] * len(values), keys, partitions))
        return dict(zip(partitions, map(_offset, messages), strict=True))

    def _in_bulk(self, topic: str, messages: list[Message]) -> dict[int, int]:
        """Do the same many at a time."""
        numbers, values, keys = numbers_of(messages), list(map(_value, messages)), list(map(_key, messages))
        self._hand_over(OutboundResults(topic, [self._result] * len(values), keys, numbers.partitions))
        ends = np.flatnonzero(np.diff(numbers.partitions, append=-1))
        return dict(zip(numbers.partitions[ends].tolist(), numbers.offsets[ends].tolist(), strict=True))

    def _hand_over(self, results: OutboundResults) -> None:
        taken = self._producer.produce_all(results)
        while taken < len(results.values):
            self._producer.poll(IDLE_S)
            taken += self._producer.produce_all(results.behind(taken))
        self._producer.poll(0)

    def _commit(self, topic: str, done: dict[int, int]) -> None:
        if self._producer.flush(FLUSH_S) or self._failed:
            message = f"{self._failed} results were refused, or not taken in time"
            raise RuntimeError(message)
        offsets = [TopicPartition(topic, partition, offset + 1) for partition, offset in done.items()]
        self._consumer.commit(offsets=offsets, asynchronous=True)

    def _on_failed(self, _error: object, _topic: str, _partition: object) -> None:
        self._failed += 1


def main() -> None:
    """Run it as it is told."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--brokers", "--data", "--scores", "--group"):
        parser.add_argument(option, required=True)
    parser.add_argument("--result", required=True, type=Path, help="a file with the bytes of a result")
    parser.add_argument("--bulk", action="store_true", help="produce as the server does")
    options = parser.parse_args()
    bare = Bare(options.brokers, options.group, options.result.read_bytes(), bulk=options.bulk)
    bare.run(options.data, options.scores)


if __name__ == "__main__":
    main()
