"""What a record costs as data types (each with its model) and partitions grow; `python -m benchmarks.scaling --help`.

The server drains a backlog in batches of 10,000 at most, in turns over all settings. Processor time a record is what is
compared: the broker's own cost grows with partitions, too, and takes from the records a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.broker import measured_broker
from benchmarks.contenders import CONTENDERS
from benchmarks.kept import keep
from benchmarks.models import MeasuredModel, measured_model
from benchmarks.one_run import Run, Topics, measured
from benchmarks.whole import Figures, line_of, medians, say
from benchmarks.wines import WINE, wine_columns
from benchmarks.workloads import PARTITIONS, Kind, Workload
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.columns import Columns
from streamscore_cli.records.codecs import codec_for

BATCH = 10_000
SETTINGS = f"[scoring]\nbatch_records = {BATCH}\n"
DATA_TYPES = (1, 10, 100)
PARTITION_COUNTS = (1, 16, 64)
MODEL = "random_forest"
RECORDS = 1_000_000
ROUNDS = 5
COPIES = 5
USE = "scale"


@dataclass(frozen=True, slots=True)
class Scale:
    """So many data types on so many partitions."""

    data_types: int
    partitions: int

    @property
    def name(self) -> str:
        """Return what names it."""
        return f"{self.data_types} data types, {self.partitions} partitions"

    def kind(self) -> Kind:
        """Return wines of these data types in turn; a name is as long as any other."""
        names = [f"wine-{number:03}" for number in range(self.data_types)]
        wines = wine_columns()
        size = COPIES * wines.length
        columns = wines.take(np.arange(size, dtype=np.intp) % wines.length)
        named = np.array([names[row % len(names)] for row in range(size)], dtype=object)
        values = codec_for(WINE).encode(Columns(size, {**columns.arrays, "dataType": named}))
        return Kind(f"wine-{self.data_types}-{self.partitions}", names, values, SETTINGS)

    def model(self, scratch: Path) -> MeasuredModel:
        """Return the model under a name of its own, so that each setting has its models topic."""
        model = measured_model(MODEL, scratch)
        return replace(model, name=f"{model.name}-{self.data_types}-{self.partitions}")


SCALES = (
    *(Scale(data_types, PARTITIONS) for data_types in DATA_TYPES),
    *(Scale(1, partitions) for partitions in PARTITION_COUNTS),
)


def run_once(scale: Scale, workload: Workload, topics: Topics, broker_pid: int, records: int) -> Figures:
    """Drain the backlog once."""
    kind, model = scale.kind(), scale.model(workload.scratch)
    server = CONTENDERS["server"]
    with workload.task(kind, USE, model, ResultFormat.PROTOBUF, scale.partitions) as task:
        run = Run(
            command=server.command(task),
            environment=server.environment(task),
            data=task.data,
            scores=task.scores,
            group=task.group,
            partitions=scale.partitions,
            records=records,
            log=task.scratch / "log",
        )
        return measured(run, topics, broker_pid)


def measure(scales: Sequence[Scale], rounds: int, records: int) -> dict[str, list[Figures]]:
    """Fill a topic for each setting and drain them in turns."""
    runs: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="streamscore-bench-") as scratch, measured_broker() as broker:
        workload, topics = Workload(broker.address, Path(scratch)), Topics(broker.address)
        for scale in scales:
            workload.fill(scale.kind(), USE, records, scale.partitions)
            workload.publish(scale.kind(), scale.model(workload.scratch))
            say(f"filled: {scale.name}")
        for number in range(rounds):
            begin = number % len(scales)
            for scale in (*scales[begin:], *scales[:begin]):
                figures = run_once(scale, workload, topics, broker.pid or 0, records)
                runs.setdefault(scale.name, []).append(figures)
                say(f"round {number + 1}: {scale.name}: {line_of(figures)}")
    return runs


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--records", type=int, default=RECORDS, help="records of each topic")
    parser.add_argument("--name", default="scaling", help="what the file under benchmarks/results is called")
    options = parser.parse_args()
    runs = measure(SCALES, options.rounds, options.records)
    found = {scale.name: medians(runs[scale.name]) for scale in SCALES}
    first = found[SCALES[0].name]
    for name, figures in found.items():
        share = figures["cpu_s_per_million"] / first["cpu_s_per_million"]
        sys.stdout.write(f"{name:28} {share:6.2f} of the first's cost  {line_of(figures)}\n")
    more = {"batch_records": BATCH, "records": options.records, "medians": found, "runs": runs}
    say(f"kept in {keep(options.name, more)}")


if __name__ == "__main__":
    main()
