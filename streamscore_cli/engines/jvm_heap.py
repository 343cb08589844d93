"""How big the heap of the Java virtual machine may grow; it starts none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_LEAST_MIB, _MOST_MIB = 512, 4096
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),  # cgroup v2: a number or "max"
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),  # cgroup v1: a number, huge where there is no limit
)


def heap_mib(memory: int) -> int:
    """Return the heap's limit in MiB: a quarter of `memory` (bytes), from 512 MiB to 4 GiB."""
    return max(_LEAST_MIB, min(_MOST_MIB, memory // 4 >> 20))


def memory_bytes(limits: Iterable[Path] = _CONTAINER_LIMITS) -> int:
    """Return the memory of this machine, or of this container if that is less; 0 where nothing tells."""
    found = [_limit(path) for path in limits]
    if hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min((size for size in found if size > 0), default=0)


def _limit(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0
