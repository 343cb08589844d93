"""End-to-end latency at a fixed rate, server after server on one broker; `python -m benchmarks.latency --help`.

`streamscore bench` sends the load (an open loop) and measures; each server runs alone, in turns. Ours is measured a
second time while a large forest is swapped every ten seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from benchmarks.broker import measured_broker
from benchmarks.contenders import CONTENDERS, JVM_PEERS, Task, peers_directory
from benchmarks.kept import keep
from benchmarks.models import measured_model
from benchmarks.one_run import end, said, started
from benchmarks.peers.build import build_peers
from benchmarks.pmml_models import wine_forest
from benchmarks.processes import ProcessTree
from benchmarks.whole import Figures, medians, say
from benchmarks.workloads import Kind, Workload, kind_of
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.kafka.embedded import free_port

MODEL = "random_forest"
SWAPPING = "server, swapping"
READY_WAIT_S = 60.0
SPARE_S = 120.0
TREES, DEPTH = 128, 12


@dataclass(frozen=True, slots=True)
class Load:
    """What `streamscore bench` is told."""

    rate: int
    duration_s: int
    warm_up_s: int
    swap_every_s: int


class Groups:
    """Waits for a group to have its partitions."""

    def __init__(self, brokers: str) -> None:
        """Make the client."""
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})

    def await_ready(self, task: Task, process: subprocess.Popen[bytes]) -> None:
        """Return once the program has been given all partitions; raises RuntimeError where it is not in time."""
        deadline_s = time.monotonic() + READY_WAIT_S
        while process.poll() is None and time.monotonic() < deadline_s:
            if self._has_partitions(task.group):
                return
            time.sleep(0.1)
        raise RuntimeError(f"a server did not get ready:\n{said(task.scratch / 'log')}")

    def _has_partitions(self, group: str) -> bool:
        [future] = self._admin.describe_consumer_groups([group]).values()
        try:
            found = future.result()
        except KafkaException:  # the first group of a broker makes it load its coordinator
            return False
        return found.state is ConsumerGroupState.STABLE and any(m.assignment.topic_partitions for m in found.members)


def measure(server: str, workload: Workload, kind: Kind, load: Load, groups: Groups) -> Figures:
    """Run one server alone under the load; return its latencies and what it used."""
    program = CONTENDERS[server.partition(",")[0]]
    model, port = measured_model(MODEL, workload.scratch), free_port()
    with _topic(workload, kind), workload.task(kind, "open", model, ResultFormat.PROTOBUF) as task:
        command = program.command(task)
        if program.name == "server":
            command += ["--port", str(port)]
        process = started(command, program.environment(task), task.scratch / "log")
        try:
            groups.await_ready(task, process)
            tree = ProcessTree(process.pid)
            report = _bench(task, load, port if server == SWAPPING else None, workload.scratch)
            figures = _figures(report)
            return {**figures, "cpu_s": tree.cpu_s(), "resident_mib": tree.resident_mib(), "peak_mib": tree.peak_mib()}
        finally:
            end(process)


@contextmanager
def _topic(workload: Workload, kind: Kind) -> Iterator[None]:
    """Give every run an empty data topic."""
    workload.create(kind.topic("open"))
    try:
        yield
    finally:
        workload.remove(kind.topic("open"))


def _bench(task: Task, load: Load, swap_port: int | None, scratch: Path) -> dict[str, object]:
    file = task.scratch / "report.json"
    command = [sys.executable, "-m", "streamscore_cli", "--config", str(task.settings), "bench"]
    command += ["--brokers", task.brokers, "--topic", task.data, "--rate", str(load.rate), "--save", str(file)]
    command += ["--duration", f"{load.duration_s} s", "--warm-up", f"{load.warm_up_s} s", "--json"]
    if swap_port is not None:
        command += ["--swap-every", f"{load.swap_every_s} s", "--model", str(scratch / "large.pmml")]
        command += ["--server", f"http://127.0.0.1:{swap_port}"]
    environment = {"STREAMSCORE_TOPICS_SCORES": task.scores}
    log = task.scratch / "bench.log"
    process = started(command, environment, log)
    try:
        if process.wait(load.duration_s + load.warm_up_s + SPARE_S):
            raise RuntimeError(f"streamscore bench failed:\n{said(log)}")
    finally:
        end(process)
    report: dict[str, object] = json.loads(file.read_text())
    return report


def _figures(report: dict[str, object]) -> Figures:
    figures: Figures = {"results_per_s": _number(report["results_per_s"])}
    for name, of in (("", report["latency_ms"]), ("sender_lag_", report["sender_lag_ms"])):
        figures |= _percentiles(name, of)
    swapping = report["swapping"]
    if isinstance(swapping, dict):
        figures |= _percentiles("inside_", swapping["inside_ms"]) | _percentiles("outside_", swapping["outside_ms"])
        figures["swaps"] = float(len(swapping["swaps"]))
    counts = report["counts"]
    if isinstance(counts, dict):
        figures |= {f"count_{name}": float(counts[name]) for name in ("lost", "duplicates", "dead_letters")}
    return figures


def _percentiles(prefix: str, found: object) -> Figures:
    names = ("p50", "p90", "p99", "p99_9", "max")
    return {f"{prefix}{name}_ms": float(found[name]) for name in names} if isinstance(found, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def line_of(figures: Figures) -> str:
    """Return the figures that a person looks at first."""
    text = ", ".join(f"{name} {figures[f'{name}_ms']:.2f}" for name in ("p50", "p90", "p99", "p99_9", "max"))
    if "inside_p99_ms" in figures:
        text += f"; inside swaps p99 {figures['inside_p99_ms']:.2f}, outside {figures['outside_p99_ms']:.2f}"
    sender = figures["sender_lag_p99_ms"]
    return f"{text} ms; sender lag p99 {sender:.2f} ms; {figures['cpu_s']:.1f} CPU s, {figures['peak_mib']:.0f} MiB"


def orders(servers: Sequence[str], rounds: int) -> list[Sequence[str]]:
    """Return the order of each round, another every time.

    The first is of one server alone and does not count: a new broker compiles itself for a while, which would be the
    first server's loss.
    """
    starts = [number % len(servers) for number in range(rounds)]
    return [servers[:1], *((*servers[begin:], *servers[:begin]) for begin in starts)]


def run(servers: Sequence[str], load: Load, rounds: int, name: str) -> dict[str, Figures]:
    """Measure the servers in turns, print and keep the medians."""
    if set(servers) & set(JVM_PEERS) and not (peers_directory() / "lib").is_dir():
        build_peers()
    runs: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="streamscore-bench-") as directory, measured_broker() as broker:
        scratch = Path(directory)
        if SWAPPING in servers:
            (scratch / "large.pmml").write_bytes(wine_forest(TREES, DEPTH))
        workload, groups, kind = Workload(broker.address, scratch), Groups(broker.address), kind_of(MODEL)
        model = measured_model(MODEL, scratch)
        for number, order in enumerate(orders(servers, rounds)):
            for server in order:
                workload.publish(kind, model)
                figures = measure(server, workload, kind, load, groups)
                workload.unpublish(model)
                if number:
                    runs.setdefault(server, []).append(figures)
                say(f"round {number or 'that does not count'}: {server}: {line_of(figures)}")
        described = model.described()
    found = {server: medians(runs[server]) for server in servers}
    print("\n".join(f"{server:20} {line_of(figures)}" for server, figures in found.items()))
    asked = {"rate": load.rate, "duration_s": load.duration_s, "warm_up_s": load.warm_up_s}
    more = {"swap_every_s": load.swap_every_s, "swapped_model": f"a forest of {TREES} trees of depth {DEPTH}"}
    say(f"kept in {keep(name, {**asked, **more, 'model': described, 'medians': found, 'runs': runs})}")
    return found


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    servers = ["server", SWAPPING, *JVM_PEERS]
    parser.add_argument("--only", default=f"server;{SWAPPING}", help=f"servers, with ; between: {'; '.join(servers)}")
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--duration", type=int, default=30, help="seconds that are measured")
    parser.add_argument("--warm-up", type=int, default=20, help="seconds before, at the same rate")
    parser.add_argument("--swap-every", type=int, default=10, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--name", default="latency", help="what the file under benchmarks/results is called")
    options = parser.parse_args()
    load = Load(options.rate, options.duration, options.warm_up, options.swap_every)
    run([one.strip() for one in options.only.split(";")], load, options.rounds, options.name)


if __name__ == "__main__":
    main()
