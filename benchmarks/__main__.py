"""Runs all measurements and prints them as tables; keeps them as JSON with the machine's description."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.loops import settings_for
from benchmarks.machine import machine
from benchmarks.micro import measure
from benchmarks.wines import fill, publish_model
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.topics import TopicAdmin

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
RUNS = 5
BARE_RECORDS = 400_000
SERVER_RECORDS = {"winequality_linear_regression": 200_000, "winequality_decision_tree_classification": 100_000}


def help_cpu_s() -> float:
    """Return the median CPU seconds of `streamscore --help`, as a whole process."""
    figures = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "streamscore_cli", "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(figures[1:])


def run_loop(loop: str, brokers: str, topics: dict[str, str], records: int) -> dict[str, float]:
    """Run one loop in a process of its own and return its figures."""
    command = [sys.executable, "-m", "benchmarks.loops", loop, brokers, json.dumps(topics), str(records), "protobuf"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def whole() -> dict[str, dict[str, float]]:
    """Run the bare loop and the server with each model in turn, several times; return the medians."""
    runs: dict[str, list[dict[str, float]]] = {}
    with EmbeddedBroker() as broker:
        loops = {"bare": ("bare", _topics(broker.address, ""), BARE_RECORDS)}
        for model, records in SERVER_RECORDS.items():
            loops[model] = ("server", _topics(broker.address, model), records)
        for name, (_, topics, records) in loops.items():
            fill(settings_for(broker.address, topics, ResultFormat.PROTOBUF), topics["data"], records)
            print(f"filled {topics['data']} with {records} records for {name}", file=sys.stderr)
        for round_number in range(RUNS):
            for name, (loop, topics, records) in loops.items():
                runs.setdefault(name, []).append(run_loop(loop, broker.address, topics, records))
            print(f"round {round_number + 1} of {RUNS} done", file=sys.stderr)
    return {name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items()}


def _topics(brokers: str, model: str) -> dict[str, str]:
    names = {kind: f"bench-{kind}-{model or 'bare'}" for kind in ("data", "models", "scores")}
    settings = settings_for(brokers, names, ResultFormat.PROTOBUF)
    with TopicAdmin(settings) as admin:
        admin.apply(admin.plan())
    if model:
        publish_model(settings, names["models"], model)
    return names


@dataclass(frozen=True)
class Report:
    """All figures of a run."""

    machine: dict[str, object]
    help_cpu_s: float
    stages_us: dict[str, float]
    loops: dict[str, dict[str, float]]

    def lines(self) -> list[str]:
        """Return the figures as a table, the loops as shares of the bare one."""
        bare = self.loops["bare"]["records_per_s"]
        stages = [f"{stage:50} {figure:8.2f} us a record" for stage, figure in self.stages_us.items()]
        loops = [
            f"{name:50} {figures['records_per_s']:10,.0f} records/s  {figures['records_per_s'] / bare:6.1%} of bare  "
            f"{figures['cpu_s_per_million']:7.2f} CPU s a million  {figures['peak_mib']:5.0f} MiB"
            for name, figures in self.loops.items()
        ]
        return [f"streamscore --help: {self.help_cpu_s * 1000:.0f} ms of CPU", *stages, *loops]


def main() -> None:
    """Measure all, print it, keep it."""
    report = Report(machine(), help_cpu_s(), measure(), whole())
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{report.machine['date']}.json"
    file.write_text(json.dumps(asdict(report), indent=2) + "\n")
    print("\n".join(report.lines()))
    print(f"kept in {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
