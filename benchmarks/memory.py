"""The memory of an instance: at a moderate rate, over many swaps, draining a backlog (`-m benchmarks.memory`).

Every swap is to a document that the instance has not seen: nothing is answered from a cache.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.broker import measured_broker
from benchmarks.contenders import CONTENDERS, Task
from benchmarks.kept import keep
from benchmarks.models import MeasuredModel, measured_model
from benchmarks.one_run import Topics, end, said, started
from benchmarks.processes import ProcessTree
from benchmarks.whole import say
from benchmarks.workloads import PARTITIONS, Kind, Workload, kind_of, models_topic
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.records.descriptor import encode_descriptor

MODEL = "random_forest"
USE = "memory"
RATE = 2_000
SLICE_S = 0.1
WAIT_S = 120.0
STEADY_S = 20.0
TURNS_A_LINE = 10


@dataclass(slots=True)
class Watched:
    """A server that runs, and how many results it has been made to give."""

    task: Task
    topics: Topics
    tree: ProcessTree
    process: subprocess.Popen[bytes]
    results: int = 0

    def await_results(self, more: int) -> None:
        """Wait for so many further results; raises RuntimeError where they do not come."""
        self.results += more
        deadline_s = time.monotonic() + WAIT_S
        while (found := sum(self.topics.ends(self.task.scores, PARTITIONS))) < self.results:
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{found} of {self.results} results:\n{said(self.task.scratch / 'log')}")
            time.sleep(SLICE_S)


def changed(model: MeasuredModel, number: int) -> bytes:
    """Return the document with a comment that makes it another one."""
    return model.path.read_bytes() + b"\n<!-- %d -->\n" % number


def at_moderate_rate(watched: Watched, workload: Workload, kind: Kind) -> dict[str, float]:
    """Send 2,000 records a second for a while; return the memory at its end and the most there was."""
    begun_s, most = time.monotonic(), 0.0
    while time.monotonic() - begun_s < STEADY_S:
        workload.produce(watched.task.data, kind.values, int(RATE * SLICE_S))
        watched.results += int(RATE * SLICE_S)
        time.sleep(SLICE_S)
        most = max(most, watched.tree.resident_mib())
    watched.await_results(0)
    return {"resident_mib": watched.tree.resident_mib(), "most_mib": most}


def over_swaps(
    watched: Watched, workload: Workload, kind: Kind, model: MeasuredModel, swaps: int, records: int
) -> list[dict[str, float]]:
    """Swap and score in turns; return the memory after every tenth swap."""
    found = []
    for number in range(1, swaps + 1):
        data = changed(model, number)
        descriptor = ModelDescriptor(model.name, "", kind.data_types[0], Artifact.of(detect_format(data), data))
        workload.produce(models_topic(model), [encode_descriptor(descriptor)], 1)
        workload.produce(watched.task.data, kind.values, records // swaps)
        watched.await_results(records // swaps)
        if number % TURNS_A_LINE == 0:
            mib = watched.tree.resident_mib()
            found.append({"swaps": float(number), "records": float(number * (records // swaps)), "resident_mib": mib})
            say(f"{number} swaps: {mib:.0f} MiB")
    return found


def measure(swaps: int, records: int) -> dict[str, object]:
    """Run one instance through all of it."""
    with tempfile.TemporaryDirectory(prefix="streamscore-bench-") as scratch, measured_broker() as broker:
        workload, kind = Workload(broker.address, Path(scratch)), kind_of(MODEL)
        model = measured_model(MODEL, Path(scratch))
        workload.publish(kind, model)
        workload.create(kind.topic(USE))
        with workload.task(kind, USE, model, ResultFormat.PROTOBUF) as task:
            server = CONTENDERS["server"]
            process = started(server.command(task), server.environment(task), task.scratch / "log")
            try:
                watched = Watched(task, Topics(broker.address), ProcessTree(process.pid), process)
                return _measured(watched, workload, kind, model, swaps, records)
            finally:
                end(process)


def _measured(
    watched: Watched, workload: Workload, kind: Kind, model: MeasuredModel, swaps: int, records: int
) -> dict[str, object]:
    workload.produce(watched.task.data, kind.values, 1)
    watched.await_results(1)
    found: dict[str, object] = {"first_result_mib": watched.tree.resident_mib()}
    found["moderate_rate"] = at_moderate_rate(watched, workload, kind)
    say(f"at {RATE} records/s: {found['moderate_rate']}")
    found["swapping"] = over_swaps(watched, workload, kind, model, swaps, records)
    workload.produce(watched.task.data, kind.values, records)
    watched.await_results(records)
    found["after_a_backlog_mib"] = watched.tree.resident_mib()
    found["peak_mib"] = watched.tree.peak_mib()
    return found


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--records", type=int, default=1_000_000, help="records beside the swaps")
    parser.add_argument("--name", default="memory", help="what the file under benchmarks/results is called")
    options = parser.parse_args()
    found = measure(options.swaps, options.records)
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    say(f"kept in {keep(options.name, {'rate': RATE, 'records': options.records, **found})}")


if __name__ == "__main__":
    main()
