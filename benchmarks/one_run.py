"""One run of one program: started, watched from outside through its results topic and /proc, and ended.

The same measure for every program: records are counted as results that the broker has acknowledged, processor time is
that of the process with all its threads and children. Nothing is asked of the program itself.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from benchmarks.processes import ProcessTree

ROOT = Path(__file__).resolve().parent.parent
LOOK_EVERY_S = 0.02
COMMIT_WAIT_S = 10.0
_latest: Callable[[], OffsetSpec] = OffsetSpec.latest
END_WAIT_S = 10.0
NOTHING_NEW_S = 120.0
WARM_SHARE = 0.1
REQUEST_WAIT_S = 30.0
LEADERS_WAIT_S = 10.0


class RunFailed(Exception):
    """A program ended, stood still, or committed what it had not read; the message says which, and what it said."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How far a run was at a moment: seconds since its start, results, CPU seconds of the program and the broker."""

    at_s: float
    results: int
    cpu_s: float
    broker_cpu_s: float


class Topics:
    """The ends of topics and the offsets of groups, asked of the broker."""

    def __init__(self, brokers: str) -> None:
        """Make the client."""
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})

    def ends(self, topic: str, partitions: int) -> list[int]:
        """Return the offset after the last record of each partition; a topic may be so new that it has no leaders."""
        asked = {TopicPartition(topic, partition): _latest() for partition in range(partitions)}
        deadline_s = time.monotonic() + LEADERS_WAIT_S
        while True:
            try:
                futures = self._admin.list_offsets(asked, request_timeout=REQUEST_WAIT_S)
                return [future.result().offset for future in futures.values()]
            except KafkaException:
                if time.monotonic() > deadline_s:
                    raise
                self._admin.list_topics(timeout=REQUEST_WAIT_S)  # the client would not look again by itself

    def committed(self, group: str, topic: str) -> int:
        """Return the sum of the group's offsets."""
        [future] = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        places = future.result().topic_partitions or ()
        return sum(max(place.offset, 0) for place in places if place.topic == topic)


def figures_of(samples: Sequence[Sample], peak_mib: float) -> dict[str, float]:
    """Return rates and costs: warm (from a tenth on), of the second half, and with the start of the program.

    Raises ValueError where there are no results.
    """
    last = samples[-1]
    if not last.results:
        raise ValueError("no results")
    figures: dict[str, float] = {}
    for name, share in (("", WARM_SHARE), ("second_half_", 0.5)):
        first = next(sample for sample in samples if sample.results >= share * last.results)
        if first is last:  # all came between two looks
            first = samples[max(len(samples) - 2, 0)]
        done = last.results - first.results
        figures[f"{name}records_per_s"] = done / (last.at_s - first.at_s)
        figures[f"{name}cpu_s_per_million"] = (last.cpu_s - first.cpu_s) / done * 1e6
        if not name:
            figures["broker_cpu_s_per_million"] = (last.broker_cpu_s - first.broker_cpu_s) / done * 1e6
    figures["with_start_records_per_s"] = last.results / last.at_s
    figures["with_start_cpu_s_per_million"] = last.cpu_s / last.results * 1e6
    figures["first_result_s"] = next(sample.at_s for sample in samples if sample.results)
    figures["peak_mib"] = peak_mib
    return figures


@dataclass(frozen=True, slots=True)
class Run:
    """What is watched: the results topic up to so many records, the group's offsets on the data topic."""

    command: Sequence[str]
    environment: Mapping[str, str]
    data: str
    scores: str
    group: str
    partitions: int
    records: int
    log: Path


def measured(run: Run, topics: Topics, broker_pid: int) -> dict[str, float]:
    """Run a program until it has produced the last result; return its figures. Raises `RunFailed`."""
    started_s = time.monotonic()
    process = started(run.command, run.environment, run.log)
    try:
        samples, peak_mib = _watched(run, topics, process, broker_pid, started_s)
        _await_commit(run, topics)
    finally:
        end(process)
    return figures_of(samples, peak_mib)


def started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program whose output goes to a file."""
    with log.open("wb") as file:
        everything = {**os.environ, **environment}
        return subprocess.Popen(command, cwd=ROOT, env=everything, stdout=file, stderr=subprocess.STDOUT)


def _watched(
    run: Run, topics: Topics, process: subprocess.Popen[bytes], broker_pid: int, started_s: float
) -> tuple[list[Sample], float]:
    tree, broker, samples = ProcessTree(process.pid), ProcessTree(broker_pid), [Sample(0.0, 0, 0.0, 0.0)]
    before_s, moved_s = broker.cpu_s(), started_s
    while samples[-1].results < run.records:
        time.sleep(LOOK_EVERY_S)
        results, now_s = sum(topics.ends(run.scores, run.partitions)), time.monotonic()
        moved_s = now_s if results > samples[-1].results else moved_s
        samples.append(Sample(now_s - started_s, results, tree.cpu_s(), broker.cpu_s() - before_s))
        if process.poll() is not None or now_s - moved_s > NOTHING_NEW_S:
            how = f"ended with {process.poll()}" if process.poll() is not None else "stands still"
            raise RunFailed(f"{run.command[0]} {how} after {results} of {run.records} results:\n{said(run.log)}")
    return samples, tree.peak_mib()


def _await_commit(run: Run, topics: Topics) -> None:
    """Wait until the group has committed what the results answer."""
    deadline_s = time.monotonic() + COMMIT_WAIT_S
    while (found := topics.committed(run.group, run.data)) < run.records:
        if time.monotonic() > deadline_s:
            raise RunFailed(f"{found} of {run.records} records are committed {COMMIT_WAIT_S:g} s after the last result")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program in order, or else at once."""
    process.terminate()
    try:
        process.wait(END_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def said(log: Path, lines: int = 15) -> str:
    """Return the end of what a program said."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
