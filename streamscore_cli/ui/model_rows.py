"""The models of one or many instances as rows that can be sorted and filtered; it draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamscore_cli.core.choices import StatsSort
from streamscore_cli.ui.stats_document import Reading, recent_of


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model of a data type, over all `instances` that have it: counts added up, of percentiles the worst."""

    data_type: str
    name: str
    version: int
    label: str = ""
    sha256: str = ""
    engine: str = ""
    since_ms: float = 0.0
    load_ms: float = 0.0
    scored: float = 0.0
    rate_per_s: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    score_p50_ms: float = 0.0
    score_p99_ms: float = 0.0
    in_service: bool = False
    instances: int = 0

    @property
    def title(self) -> str:
        """Return name and label."""
        return f"{self.name} ({self.label})" if self.label else self.name


_KEYS: dict[StatsSort, Callable[[ModelRow], Any]] = {
    StatsSort.RATE: lambda row: -row.rate_per_s,
    StatsSort.P99: lambda row: -row.p99_ms,
    StatsSort.SCORED: lambda row: -row.scored,
    StatsSort.SINCE: lambda row: -row.since_ms,
    StatsSort.NAME: lambda row: row.name.casefold(),
}


def model_rows(instances: Sequence[Reading]) -> list[ModelRow]:
    """Return every model in service or in use, once each."""
    rows: dict[tuple[str, str, int, str], ModelRow] = {}
    for instance in instances:
        for key, row in _of_instance(instance).items():
            rows[key] = _both(rows[key], row) if key in rows else row
    return list(rows.values())


def arranged(rows: Sequence[ModelRow], sort: StatsSort = StatsSort.RATE, wanted: str = "") -> list[ModelRow]:
    """Return the rows in which each word of `wanted` occurs, those in service first; nothing wanted is all of them."""
    words = wanted.casefold().split()
    found = [row for row in rows if all(word in _searched(row) for word in words)]
    key = _KEYS[sort]
    return sorted(found, key=lambda row: (not row.in_service, key(row), row.data_type, row.name, -row.version))


def next_sort(sort: StatsSort) -> StatsSort:
    """Return the order after `sort`, going round."""
    orders = list(StatsSort)
    return orders[(orders.index(sort) + 1) % len(orders)]


def _searched(row: ModelRow) -> str:
    return f"{row.data_type} {row.name} {row.label} {row.version} {row.engine} {row.sha256}".casefold()


def _key(model: Reading) -> tuple[str, str, int, str]:
    return model.text("data_type"), model.text("name"), model.whole("version"), model.text("sha256")


def _of_instance(instance: Reading) -> dict[tuple[str, str, int, str], ModelRow]:
    rows = {_key(model): _served(model) for model in instance.parts("models")}
    for use in instance.parts("use"):
        key = _key(use)
        rows[key] = _used(rows.get(key) or _named(use), use)
    return rows


def _named(model: Reading) -> ModelRow:
    data_type, name, version, sha256 = _key(model)
    return ModelRow(data_type, name, version, model.text("label"), sha256, instances=1)


def _served(model: Reading) -> ModelRow:
    return replace(
        _named(model),
        engine=model.text("engine"),
        since_ms=model.number("since"),
        load_ms=model.number("load_ms"),
        scored=model.number("invocations"),
        in_service=True,
    )


def _used(row: ModelRow, use: Reading) -> ModelRow:
    latency, scoring = recent_of(use, "latency_ms"), recent_of(use, "scoring_ms")
    return replace(
        row,
        scored=use.number("invocations"),
        rate_per_s=use.number("rate_per_s"),
        p50_ms=latency.number("p50"),
        p99_ms=latency.number("p99"),
        score_p50_ms=scoring.number("p50"),
        score_p99_ms=scoring.number("p99"),
    )


def _both(one: ModelRow, other: ModelRow) -> ModelRow:
    return replace(
        one,
        engine=one.engine or other.engine,
        since_ms=max(one.since_ms, other.since_ms),
        load_ms=max(one.load_ms, other.load_ms),
        scored=one.scored + other.scored,
        rate_per_s=one.rate_per_s + other.rate_per_s,
        p50_ms=max(one.p50_ms, other.p50_ms),
        p99_ms=max(one.p99_ms, other.p99_ms),
        score_p50_ms=max(one.score_p50_ms, other.score_p50_ms),
        score_p99_ms=max(one.score_p99_ms, other.score_p99_ms),
        in_service=one.in_service or other.in_service,
        instances=one.instances + other.instances,
    )
