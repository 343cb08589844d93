"""One run of a loop over a filled topic, in a process of its own: the bare one, or the server; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streamscore_cli.config.settings import KafkaSettings, ModelServerSettings, ScoringSettings, Settings, TopicSettings
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.kafka.batches import record_batch
from streamscore_cli.kafka.options import Role, client_options, records_options
from streamscore_cli.runtime.instance import Instance

WARM_SHARE = 0.1
"""The share of the records that is read before the clock starts: joining, first fetches, first batches."""


def settings_for(brokers: str, topics: dict[str, str], results: ResultFormat) -> Settings:
    """Return settings with a group of their own, so that every run reads the topic from its beginning."""
    return Settings(
        kafka=KafkaSettings(brokers=brokers),
        topics=replace(TopicSettings(), data=(topics["data"],), models=topics["models"], scores=topics["scores"]),
        scoring=replace(ScoringSettings(), group=f"bench-{uuid.uuid4().hex}", results=results),
        model_server=replace(ModelServerSettings(), port=0),
    )


class Stopwatch:
    """Wall time and CPU time of this process between two counts of records."""

    def __init__(self, records: int, warm_share: float = WARM_SHARE) -> None:
        """Start after the warm share of `records` and stop at the last."""
        self._warm, self._last = int(records * warm_share), records
        self._begun: tuple[int, float, float] | None = None
        self.figures: dict[str, float] = {}

    def seen(self, records: int) -> bool:
        """Take the count of records so far; tell whether it was the last."""
        now = (records, time.perf_counter(), _cpu_s())
        if self._begun is None and records >= self._warm:
            self._begun = now
        if records < self._last or self._begun is None:
            return False
        done, wall, cpu = (late - early for late, early in zip(now, self._begun, strict=True))
        figures = {"records_per_s": done / wall, "cpu_s_per_million": cpu / done * 1e6, "peak_mib": _peak_mib()}
        self.figures = figures
        return True


def bare(settings: Settings, records: int) -> Stopwatch:
    """Consume, produce the same bytes, commit every 100 ms after delivery: what the tuned client can do alone."""
    consumer = Consumer({**records_options(settings).properties, "auto.offset.reset": "earliest"})
    failed: list[object] = []

    def on_delivery(error: object, _message: Message) -> None:
        failed.append(error)

    producer = Producer({**client_options(settings.kafka, Role.RESULTS).properties, "on_delivery": on_delivery})
    consumer.subscribe(list(settings.topics.data))
    watch, seen, close_at_s = Stopwatch(records), 0, 0.0
    done: dict[int, int] = {}
    while True:
        messages = consumer.consume(settings.scoring.batch_records, 0) or consumer.consume(1, 0.05)
        batch = record_batch(settings.topics.data[0], messages)
        for value, key, partition in zip(batch.values, batch.keys, batch.partitions, strict=True):
            producer.produce(settings.topics.scores, value, key, partition)
        done.update(zip(batch.partitions, batch.offsets, strict=True))
        producer.poll(0)
        seen += len(messages)
        if time.monotonic() >= close_at_s or seen >= records:
            assert not producer.flush(30)  # noqa: S101
            assert not failed, failed[0]  # noqa: S101
            topic = settings.topics.data[0]
            offsets = [TopicPartition(topic, partition, offset + 1) for partition, offset in done.items()]
            if offsets:
                consumer.commit(offsets=offsets, asynchronous=True)
            close_at_s = time.monotonic() + settings.checkpoint.interval_s
            if watch.seen(seen):
                consumer.close()
                return watch


def server(settings: Settings, records: int) -> Stopwatch:
    """Run `serve` over the topic and its model until all records have results."""
    instance, watch = Instance(settings), Stopwatch(records)

    def look() -> None:
        while not watch.seen(instance.view.scoring().results) and not instance.supervisor.stopping:
            time.sleep(0.01)
        instance.supervisor.stop()

    threading.Thread(target=look, daemon=True).start()
    instance.run()
    return watch


LOOPS: dict[str, Callable[[Settings, int], Stopwatch]] = {"bare": bare, "server": server}


def _peak_mib() -> float:
    """Return the peak of resident memory; getrusage would count the parent's from before exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    loop, brokers, topic_names, count, result_format = sys.argv[1:]
    chosen = settings_for(brokers, json.loads(topic_names), ResultFormat(result_format))
    print(json.dumps(LOOPS[loop](chosen, int(count)).figures))
