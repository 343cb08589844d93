"""Whole programs beside each other: all read the same topic in turns; `python -m benchmarks.whole --help`.

Every program scores the same records from the beginning with a group of its own, and produces and commits results of
the same content and format. Before anything is timed, each one's answers are compared with ours.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.answers import Answers, differences, read_answers
from benchmarks.broker import measured_broker
from benchmarks.contenders import CONTENDERS, JVM_PEERS, Contender, Task, peers_directory
from benchmarks.kept import keep
from benchmarks.models import CRAYFISH, ORIGINALS, MeasuredModel, measured_model
from benchmarks.one_run import Run, Topics, measured
from benchmarks.peers.build import build_peers
from benchmarks.workloads import CHECKED, LOADED, PARTITIONS, Kind, Workload, kind_of
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.kafka.embedded import EmbeddedBroker

CHECKED_RECORDS = {"wine": 1599, CRAYFISH: 256}
RECORDS = {"wine": 1_000_000, CRAYFISH: 100_000}
ROUNDS = 5
BARE, BARE_BULK, SERVER = "bare", "bare-bulk", "server"
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """A program with a model and a result format."""

    contender: Contender
    model: MeasuredModel
    format: ResultFormat

    @property
    def name(self) -> str:
        """Return what names it among the others."""
        return f"{self.contender.name} {self.model.name} {self.format.value}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: programs, models, formats, rounds, and records of a run (0: as many as is usual)."""

    programs: Sequence[str]
    models: Sequence[str]
    formats: Sequence[ResultFormat]
    rounds: int = ROUNDS
    records: int = 0

    def records_of(self, kind: Kind) -> int:
        """Return how many records the topic of a kind has."""
        return self.records or RECORDS[kind.name]


class Bench:
    """A broker with filled topics, and what has been found on it."""

    def __init__(self, plan: Plan, broker: EmbeddedBroker, scratch: Path) -> None:
        """Take what is to be measured, and where."""
        self.plan, self.broker, self.scratch = plan, broker, scratch
        self.runs: dict[str, list[Figures]] = {}
        self.notes: list[str] = []
        self.workload = Workload(self.broker.address, self.scratch)
        self.topics = Topics(self.broker.address)

    def measure(self) -> dict[str, Figures]:
        """Fill, compare, and run all cases in turns, the order another in every round; return the medians."""
        cases = list(self._prepared())
        for number in range(self.plan.rounds):
            begin = number % len(cases)
            for case in (*cases[begin:], *cases[:begin]):
                kind = kind_of(case.model.name)
                records = max(int(self.plan.records_of(kind) * case.contender.share_of_records), 1000)
                figures = self._run(case, kind, LOADED, records)[0]
                self.runs.setdefault(case.name, []).append(figures)
                say(f"round {number + 1}: {case.name}: {line_of(figures)}")
        return {name: medians(self.runs[name]) for name in (case.name for case in cases)}

    def _prepared(self) -> Iterable[Case]:
        filled: set[str] = set()
        for name in self.plan.models:
            kind, model = kind_of(name), measured_model(name, self.scratch)
            if kind.name not in filled:
                filled.add(kind.name)
                self.workload.fill(kind, CHECKED, CHECKED_RECORDS[kind.name])
                self.workload.fill(kind, LOADED, self.plan.records_of(kind))
                say(f"filled {kind.topic(LOADED)} with {self.plan.records_of(kind):,} records")
            self.workload.publish(kind, model)
            for result_format in self.plan.formats:
                yield from self._compared(kind, model, result_format)

    def _compared(self, kind: Kind, model: MeasuredModel, result_format: ResultFormat) -> Iterable[Case]:
        """Yield the cases of a model and format, compared with our answers. Raises SystemExit where one differs."""
        records = CHECKED_RECORDS[kind.name]
        ours = self._run(Case(CONTENDERS[SERVER], model, result_format), kind, CHECKED, records)[1]
        self.workload.result_file(model, result_format).write_bytes(ours.typical())
        for name in self.plan.programs:
            case = Case(CONTENDERS[name], model, result_format)
            if name not in {BARE, BARE_BULK, SERVER}:
                wrong, left_out = differences(ours, self._run(case, kind, CHECKED, records)[1], records)
                if wrong and case.contender.exact:
                    sys.exit(f"{case.name} answers otherwise in {len(wrong)} cases, the first: {wrong[0]}")
                alike = f"{records - len(wrong)} of {records} records answered as by us"
                note = f"{case.name}: {alike}, {left_out} probabilities left out"
                self.notes.append(note)
                say(note)
            yield case

    def _run(self, case: Case, kind: Kind, use: str, records: int) -> tuple[Figures, Answers]:
        """Return the figures of a run; of a run that is compared its answers, too."""
        with self.workload.task(kind, use, case.model, case.format) as task:
            figures = measured(_run_of(case, task, records), self.topics, self.broker.pid or 0)
            if use != CHECKED:
                return figures, Answers({}, {})
            ends = self.topics.ends(task.scores, PARTITIONS)
            return figures, read_answers(task.brokers, task.scores, ends, case.format)


def _run_of(case: Case, task: Task, records: int) -> Run:
    return Run(
        command=case.contender.command(task),
        environment=case.contender.environment(task),
        data=task.data,
        scores=task.scores,
        group=task.group,
        partitions=PARTITIONS,
        records=records,
        log=task.scratch / "log",
    )


def medians(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def line_of(figures: Figures) -> str:
    """Return the figures that a person looks at first."""
    return (
        f"{figures['records_per_s']:10,.0f} records/s {figures['cpu_s_per_million']:8.2f} CPU s a million "
        f"{figures['peak_mib']:5.0f} MiB  (second half {figures['second_half_records_per_s']:10,.0f}, "
        f"{figures['second_half_cpu_s_per_million']:.2f}; with start {figures['with_start_records_per_s']:10,.0f}, "
        f"{figures['with_start_cpu_s_per_million']:.2f})"
    )


def shares(found: dict[str, Figures]) -> list[str]:
    """Return the server's figures as shares of the bare loop and multiples of the peers."""
    lines = []
    for name, figures in found.items():
        program, _, what = name.partition(" ")
        ours = found.get(f"{SERVER} {what}")
        if ours is None or program == SERVER:
            continue
        rate = ours["records_per_s"] / figures["records_per_s"]
        warm = ours["second_half_records_per_s"] / figures["second_half_records_per_s"]
        cpu = figures["cpu_s_per_million"] / ours["cpu_s_per_million"]
        lines.append(
            f"server / {name:42} {rate:8.2f} x records/s (second half {warm:.2f} x), {cpu:8.2f} x per CPU second"
        )
    return lines


def say(text: str) -> None:
    """Tell how it goes on."""
    print(text, file=sys.stderr, flush=True)


def run_plan(plan: Plan, name: str) -> dict[str, Figures]:
    """Measure, print and keep; return the medians."""
    if set(plan.programs) & set(JVM_PEERS) and not (peers_directory() / "lib").is_dir():
        build_peers()
    with tempfile.TemporaryDirectory(prefix="streamscore-bench-") as scratch, measured_broker() as broker:
        bench = Bench(plan, broker, Path(scratch))
        found = bench.measure()
        models = {model: measured_model(model, Path(scratch)).described() for model in plan.models}
    lines = [f"{case:44} {line_of(figures)}" for case, figures in found.items()]
    print("\n".join([*lines, *shares(found)]))
    about = {one: CONTENDERS[one].about for one in plan.programs}
    more = {"programs": about, "models": models, "notes": bench.notes, "medians": found, "runs": bench.runs}
    say(f"kept in {keep(name, more)}")
    return found


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="bare,server", help=f"programs, of {','.join(CONTENDERS)}; peers: all")
    parser.add_argument("--model", default="random_forest", help=f"of {','.join(ORIGINALS)},{CRAYFISH}; all: the seven")
    parser.add_argument("--format", default="protobuf,json", help="result formats")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--records", type=int, default=0, help="records of a run; 0: 1,000,000 wines, 100,000 Crayfish")
    parser.add_argument("--name", default="whole", help="what the file under benchmarks/results is called")
    options = parser.parse_args()
    plan = Plan(
        programs=tuple(CONTENDERS) if options.only == "peers" else options.only.split(","),
        models=tuple(ORIGINALS) if options.model == "all" else options.model.split(","),
        formats=[ResultFormat(one) for one in options.format.split(",")],
        rounds=options.rounds,
        records=options.records,
    )
    run_plan(plan, options.name)


if __name__ == "__main__":
    main()
