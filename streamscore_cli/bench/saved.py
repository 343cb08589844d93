"""Reports kept as JSON, and a run beside one that was kept; it measures nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamscore_cli.bench.report import KIND, SCHEMA
from streamscore_cli.core.errors import UsageProblem

_HINT = "Name a file that `streamscore bench --save FILE` wrote."


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that runs are compared by: its place in the JSON, its unit, and whether more of it is better."""

    name: str
    path: str
    unit: str
    more_is_better: bool = False


METRICS = (
    Metric("results/s", "results_per_s", "/s", more_is_better=True),
    *(
        Metric(f"{of}{name}", f"{path}.{key}", "ms")
        for of, path in (
            ("", "latency_ms"),
            ("inside swaps ", "swapping.inside_ms"),
            ("outside swaps ", "swapping.outside_ms"),
        )
        for name, key in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p99.9", "p99_9"), ("max", "max"))
    ),
    Metric("sender lag p99", "sender_lag_ms.p99", "ms"),
    Metric("lost", "counts.lost", ""),
    Metric("duplicates", "counts.duplicates", ""),
    Metric("dead letters", "counts.dead_letters", ""),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of two runs; `ratio` is now to then, None where that says nothing."""

    metric: Metric
    now: float
    then: float

    @property
    def ratio(self) -> float | None:
        """Return how many times the old figure the new one is."""
        return self.now / self.then if self.then else None


def read_saved(path: Path) -> Mapping[str, Any]:
    """Return a kept report as parsed JSON; raises `UsageProblem` when it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(f"The file {path} cannot be read: {error.strerror}.", _HINT) from error
    except ValueError as error:
        raise UsageProblem(f"The file {path} is no saved run: it is not JSON.", _HINT) from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise UsageProblem(f"The file {path} is no saved run.", _HINT)
    if document.get("schema") != SCHEMA:
        raise UsageProblem(
            f"The file {path} was saved by another version (schema {document.get('schema')}, not {SCHEMA}).",
            "Measure again with this one.",
        )
    return document


def compared(now: Mapping[str, Any], then: Mapping[str, Any]) -> tuple[Compared, ...]:
    """Return the figures that both runs have; those that are 0 in both are left out."""
    rows = []
    for metric in METRICS:
        new, old = figure(now, metric.path), figure(then, metric.path)
        if new is not None and old is not None and (new or old):
            rows.append(Compared(metric, new, old))
    return tuple(rows)


def figure(document: Mapping[str, Any], path: str) -> float | None:
    """Return the number at a dotted path, or None where there is none."""
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    is_number = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if is_number else None


def differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what the two runs were asked differently: figures of such runs are no measure of each other."""
    asked = {key: (now.get("asked") or {}).get(key) for key in ("rate", "warm_up_s", "swap_every_s", "swap_window_s")}
    before = then.get("asked") or {}
    return tuple(
        f"{name.removesuffix('_s').replace('_', ' ')} was {_said(before.get(name))} and is {_said(value)}"
        for name, value in asked.items()
        if before.get(name) != value
    )


def _said(value: object) -> str:
    return "none" if value is None else f"{value:,g}" if isinstance(value, int | float) else str(value)
