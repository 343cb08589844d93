"""Draws the plots of docs/performance.md from the newest kept results; it measures nothing.

`python -m benchmarks.plots` writes docs/plots/*.svg; with `--check` it writes nothing and fails when one is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.kept import RESULTS, latest
from benchmarks.svg import Bar, bars, line

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "plots"
NAMES = {
    "server": "streamscore",
    "server, swapping": "streamscore, swapping",
    "bare": "bare loop, nothing scored",
    "bare-bulk": "bare loop, our producer",
    "streams": "Kafka Streams, linger 100",
    "streams-linger-0": "Kafka Streams, linger 0",
    "streams-2-threads": "Kafka Streams, 2 threads",
    "streams-plain": "Kafka Streams, not tuned",
    "python": "Python, pypmml",
    "python-jpype": "Python, pypmml by JPype",
}
FOREST, CRAYFISH = "random_forest", "crayfish"
Kept = Mapping[str, Any]


def _program(case: str) -> str:
    return case.split(maxsplit=1)[0]


def _of(kept: Kept, what: str) -> dict[str, dict[str, float]]:
    """Return the medians of the cases with that model and format, by program."""
    medians: dict[str, dict[str, float]] = kept["medians"]
    return {_program(case): figures for case, figures in medians.items() if case.partition(" ")[2] == what}


def rates(title: str, what: str) -> Callable[[Kept], str]:
    """Return what draws the records a second of all programs, warm."""

    def draw(kept: Kept) -> str:
        rows = [
            Bar(
                NAMES.get(program, program),
                figures["second_half_records_per_s"],
                f"{figures['second_half_records_per_s']:,.0f}/s, {figures['peak_mib']:,.0f} MiB",
                program == "server",
            )
            for program, figures in _of(kept, what).items()
        ]
        return bars(f"{title}: records a second, warm", rows)

    return draw


def costs(title: str, what: str) -> Callable[[Kept], str]:
    """Return what draws the CPU seconds a million records of all programs but the slowest kind, which is written."""

    def draw(kept: Kept) -> str:
        found = {program: figures["second_half_cpu_s_per_million"] for program, figures in _of(kept, what).items()}
        drawn = {program: cost for program, cost in found.items() if not program.startswith("python")}
        slow = [f"{NAMES[program]} {cost:,.0f}" for program, cost in found.items() if program not in drawn]
        rows = [
            Bar(NAMES.get(program, program), cost, f"{cost:,.2f} s", program == "server")
            for program, cost in drawn.items()
        ]
        more = f" ({'; '.join(slow)})" if slow else ""
        return bars(f"{title}: CPU seconds a million records{more}", rows)

    return draw


def models(kept: Kept) -> str:
    """Draw each model's records a second as a share of the bare loop's."""
    rows = []
    for case, figures in kept["medians"].items():
        program, model, result_format = case.split()
        base, best = (kept["medians"].get(f"{bare} {model} {result_format}") for bare in ("bare", "bare-bulk"))
        if program == "server" and base is not None:
            share = figures["records_per_s"] / base["records_per_s"]
            said = f"{share:.0%}, {figures['cpu_s_per_million']:.2f} s a million"
            if best is not None:
                said += f"; {figures['records_per_s'] / best['records_per_s']:.0%} of the one with our producer"
            rows.append(Bar(model.replace("_", " "), share, said, ours=True))
    return bars("Each model, protobuf results: records a second as a share of the bare loop", rows)


def latencies(kept: Kept) -> str:
    """Draw the latencies of each server."""
    rows = [
        Bar(f"{NAMES.get(server, server)} {name}", figures[f"{name}_ms"], f"{figures[f'{name}_ms']:,.2f} ms", ours)
        for server, figures in kept["medians"].items()
        for ours in (server.partition(",")[0] == "server",)
        for name in ("p50", "p99")
    ]
    return bars(f"Latency end to end at {kept['rate']:,} records a second", rows)


def scaling(kept: Kept) -> str:
    """Draw the cost of a record by data types and partitions."""
    found = {name: figures["cpu_s_per_million"] for name, figures in kept["medians"].items()}
    first = next(iter(found.values()))
    rows = [
        Bar(name, cost, f"{cost:.2f} s, {cost / first:.2f} of the first", ours=True) for name, cost in found.items()
    ]
    return bars("CPU seconds a million records under backlog", rows)


def memory(kept: Kept) -> str:
    """Draw the resident memory over swaps."""
    points = [(row["swaps"], row["resident_mib"]) for row in kept["swapping"]]
    title = f"Resident memory of an instance over {points[-1][0]:,.0f} swaps and {kept['records']:,} records"
    return line(title, points, ("swaps", "MiB"))


PLOTS: Mapping[str, tuple[str, Callable[[Kept], str]]] = {
    "forest-protobuf-rate": ("peers", rates("Random forest, protobuf results", f"{FOREST} protobuf")),
    "forest-protobuf-cost": ("peers", costs("Random forest, protobuf results", f"{FOREST} protobuf")),
    "forest-json-rate": ("peers", rates("Random forest, JSON results", f"{FOREST} json")),
    "forest-json-cost": ("peers", costs("Random forest, JSON results", f"{FOREST} json")),
    "crayfish-rate": ("peers-crayfish", rates("Crayfish payload, JSON results", f"{CRAYFISH} json")),
    "crayfish-cost": ("peers-crayfish", costs("Crayfish payload, JSON results", f"{CRAYFISH} json")),
    "models": ("models", models),
    "latency": ("latency", latencies),
    "scaling": ("scaling", scaling),
    "memory": ("memory", memory),
}
"""The pictures by name: what results they show, and what draws them."""


def drawn() -> dict[Path, str]:
    """Return the text of each picture for which there are results."""
    found = {}
    for name, (results, draw) in PLOTS.items():
        kept = latest(results)
        if kept is not None:
            found[FOLDER / f"{name}.svg"] = draw(kept)
    return found


def main() -> None:
    """Write the pictures, or see whether they are as the results say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a picture is stale")
    options = parser.parse_args()
    pictures = drawn()
    if options.check:
        stale = [file for file, text in pictures.items() if not file.is_file() or file.read_text() != text]
        if stale:
            names = ", ".join(file.name for file in stale)
            sys.exit(f"docs/plots differ from {RESULTS.name}/: {names}. Run `python -m benchmarks.plots`.")
        return
    FOLDER.mkdir(exist_ok=True)
    for file, text in pictures.items():
        file.write_text(text)
        print(file.name)


if __name__ == "__main__":
    main()
