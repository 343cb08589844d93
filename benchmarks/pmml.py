"""The native PMML engine beside others, timed with everything that a caller pays; and what compiling costs.

`python -m benchmarks.pmml --jpmml 'lib/*' --python other/bin/python` alternates this engine, JPMML-Evaluator inside a
JVM (its jars on the given class path) and pypmml (in an interpreter that has it, and pandas for its default way), and
prints medians. A peer that is not at hand is named as absent. Time is that of the processor, of the thread or process
that scores, so that a busy machine troubles all engines alike; pypmml's default way has two processes, and wall time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.peers.peer import Peer, jpmml, pypmml
from benchmarks.pmml_models import DATA, FEATURES, WINE_MODELS, Arrays, forest, servable, wine
from streamscore_cli.core.columns import Columns

BATCH = 256
BATCHES = (1, 16, 256, 4000)
WARM_ROUNDS = 5
ROUND_MS = 300
OURS = "streamscore"
FOREST = "random forest 200 x 12"
RESULTS = Path(__file__).parent / "results"

Table = dict[str, dict[str, float]]


def best(run: Callable[[], object], rounds: int = 12) -> float:
    """Return the seconds of the best of some rounds of runs, a round lasting about 20 ms."""
    return min(timed(run, 20) for _ in range(rounds))


def timed(run: Callable[[], object], milliseconds: float) -> float:
    """Return the seconds of the processor of one run, from as many as fit in that time."""
    times, start, busy = 0, time.perf_counter(), time.thread_time()
    while (time.perf_counter() - start) * 1e3 < milliseconds or not times:
        run()
        times += 1
    return (time.thread_time() - busy) / times


def batch_of(columns: Arrays, size: int) -> Columns:
    """Return so many rows, those there are over and over."""
    return Columns(size, {name: np.resize(column, size) for name, column in columns.items()})


def compared(data: bytes, columns: Arrays, peers: list[Peer], rounds: int) -> dict[str, float]:
    """Return the median microseconds a record by engine, rounds of all engines in turn, a batch at a time."""
    batch = batch_of(columns, BATCH)
    run = partial(servable(data).score, batch)
    found: dict[str, list[float]] = {OURS: []}
    with tempfile.TemporaryDirectory() as folder:
        document, rows = Path(folder, "model.pmml"), Path(folder, "rows.csv")
        document.write_bytes(data)
        cells = zip(*(column.tolist() for column in batch.arrays.values()), strict=True)
        rows.write_text("\n".join([",".join(batch.arrays), *(",".join(map(repr, row)) for row in cells)]) + "\n")
        running = {peer.name: peer.started(document, rows, ROUND_MS) for peer in peers}
        there = {name: one for name, one in running.items() if one is not None}
        for number in range(WARM_ROUNDS + rounds):
            figures = {OURS: timed(run, ROUND_MS) / BATCH * 1e6}
            figures |= {name: one.round_us() for name, one in there.items()}
            for name, figure in figures.items() if number >= WARM_ROUNDS else ():
                found.setdefault(name, []).append(figure)
        for one in there.values():
            one.close()
    return {name: statistics.median(figures) for name, figures in found.items()}


def by_batch(data: bytes, columns: Arrays) -> dict[str, float]:
    """Return this engine's microseconds a record by the size of the batch."""
    model = servable(data)
    return {str(size): best(partial(model.score, batch_of(columns, size))) / size * 1e6 for size in BATCHES}


def compiling(path: Path) -> dict[str, float]:
    """Return what compiling a large document takes: seconds of the processor, and memory as a multiple of it."""
    data = path.read_bytes()
    before = peak_bytes()
    busy = time.process_time()
    servable(data)
    busy = time.process_time() - busy
    grown = peak_bytes() - before
    return {"megabytes": len(data) / 1e6, "cpu_s": busy, "memory_of_document": grown / len(data)}


def peak_bytes() -> int:
    """Return the peak of resident memory; getrusage would count the parent's from before exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def compiled_apart() -> dict[str, float]:
    """Compile a large forest in a process of its own, whose memory nothing else has grown."""
    with tempfile.NamedTemporaryFile(suffix=".pmml") as file:
        file.write(forest(128, 12))
        file.flush()
        command = [sys.executable, "-m", "benchmarks.pmml", "--compile", file.name]
        figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


def lines_of(sizes: Table, engines: Table, peers: list[Peer], compile_of: dict[str, float]) -> list[str]:
    """Return the figures as tables."""
    lines = [f"{'us a record, batch of':24}" + "".join(f"{size:>10}" for size in map(str, BATCHES))]
    lines += [f"{name:24}" + "".join(f"{cost:10.2f}" for cost in costs.values()) for name, costs in sizes.items()]
    names = list(dict.fromkeys(name for figures in engines.values() for name in figures))
    ratios = [name for name in names if name != OURS]
    lines += ["", f"{f'us a record, batch of {BATCH}':24}" + "".join(f"{name:>15}" for name in names + ratios)]
    for model, figures in engines.items():
        ours = figures[OURS]
        cells = [f"{figures[name]:15.2f}" if name in figures else f"{'absent':>15}" for name in names]
        cells += [f"{f'{figures[name] / ours:.0f} x':>15}" if name in figures else f"{'absent':>15}" for name in ratios]
        lines.append(f"{model:24}" + "".join(cells))
    lines += [f"absent: {peer.name} ({peer.missing})" for peer in peers if peer.missing is not None]
    if not compile_of:
        return lines
    size, busy, grown = compile_of.values()
    return [*lines, "", f"compile {size:.1f} MB: {busy:.1f} s of the processor, memory {grown:.1f} x the document"]


def measure(peers: list[Peer], rounds: int, *, large: bool) -> tuple[Table, Table]:
    """Return the microseconds a record by model: this engine's by batch size, all engines' at one."""
    models = {name: ((DATA / f"{stem}.pmml").read_bytes(), wine()) for name, stem in WINE_MODELS.items()}
    numbers = np.random.default_rng(0)
    if large:
        models[FOREST] = (forest(200, 12), {name: numbers.random(4000) for name in FEATURES})
    sizes, engines = {}, {}
    for name, (data, columns) in models.items():
        engines[name] = compared(data, columns, peers, rounds)
        sizes[name] = by_batch(data, columns)
        print(name, engines[name], sizes[name], file=sys.stderr)
    return sizes, engines


def main() -> None:
    """Measure, print and keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jpmml", help="the class path of JPMML-Evaluator, as 'lib/*'")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has pypmml")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="without the large forest, which takes minutes")
    parser.add_argument("--compile", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compile is not None:
        print(json.dumps(compiling(options.compile)))
        return
    peers = [jpmml(options.jpmml), pypmml(options.python, "rows"), pypmml(options.python, "frame")]
    sizes, engines = measure(peers, options.rounds, large=not options.small)
    compile_of, here = {} if options.small else compiled_apart(), machine()
    kept = {"machine": here, "by_batch_us": sizes, f"engines_us_at_{BATCH}": engines, "compile": compile_of}
    lines = lines_of(sizes, engines, peers, compile_of)
    file = RESULTS / f"pmml{'-small' if options.small else ''}-{here['date']}.json"
    file.write_text(json.dumps(kept, indent=2) + "\n")
    print("\n".join(lines))
    print(f"kept in {file.name}")


if __name__ == "__main__":
    main()
