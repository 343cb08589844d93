"""What a process and its children have used, read from /proc; it starts and ends none."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LOOK_FOR_CHILDREN_S = 0.5


@dataclass(slots=True)
class ProcessTree:
    """A process with all that it has started."""

    pid: int
    _pids: tuple[int, ...] = ()
    _looked_s: float = field(default=-LOOK_FOR_CHILDREN_S)

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its threads and children, those that have ended too."""
        return sum(map(_cpu_s, self._all()))

    def peak_mib(self) -> float:
        """Return the sum of the peaks of resident memory of what runs."""
        return sum(_status_mib(pid, "VmHWM") for pid in self._all())

    def resident_mib(self) -> float:
        """Return the resident memory of what runs."""
        return sum(_status_mib(pid, "VmRSS") for pid in self._all())

    def _all(self) -> tuple[int, ...]:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_FOR_CHILDREN_S:
            self._looked_s = now_s
            self._pids = (self.pid, *_descendants(self.pid))
        return self._pids


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _cpu_s(pid: int) -> float:
    """Return user, system and waited-for children's seconds: the 14th to the 17th field, counted after the name."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS_PER_S


def _status_mib(pid: int, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return 0.0
