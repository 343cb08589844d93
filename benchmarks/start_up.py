"""What starting costs: the processor time of `streamscore --help`, as a whole process."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.kept import keep

RUNS = 9


def help_cpu_s() -> float:
    """Return the median CPU seconds, the first run (which compiles to bytecode) left out."""
    figures = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "streamscore_cli", "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(figures[1:])


def main() -> None:
    """Measure, print and keep."""
    found = help_cpu_s()
    print(f"streamscore --help: {found * 1000:.0f} ms of CPU")
    keep("start-up", {"help_cpu_s": found})


if __name__ == "__main__":
    main()
