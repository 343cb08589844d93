"""Results as JSON files under benchmarks/results, each with the machine's description; how they look is `plots.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.machine import machine

RESULTS = Path(__file__).resolve().parent / "results"


def keep(name: str, found: Mapping[str, object]) -> Path:
    """Write what was found today under that name, and return the file; a second run of a day replaces the first."""
    here = machine()
    file = RESULTS / f"{name}-{here['date']}.json"
    file.write_text(json.dumps({"machine": here, **found}, indent=2, default=str) + "\n")
    return file


def latest(name: str) -> dict[str, object] | None:
    """Return the newest results of that name, or None."""
    files = sorted(RESULTS.glob(f"{name}-2???-??-??.json"))
    if not files:
        return None
    found: dict[str, object] = json.loads(files[-1].read_text())
    return found
