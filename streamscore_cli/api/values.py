"""Snapshots as JSON objects, with the original's key names where it had them; it knows neither HTTP nor a clock.

Keys: `..._ms` are milliseconds (floats with more than microseconds in them; `since`, `at_ms` and the like milliseconds
since 1970), `..._s` seconds. A key that is here stays; new ones may come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from streamscore_cli.api.figures import (
    NS_PER_MS,
    US_PER_MS,
    Json,
    history_json,
    percentiles,
    recent_json,
    recent_use_json,
    sink_json,
)
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.snapshots import (
    InstanceView,
    ModelEvent,
    ModelInService,
    ModelsSnapshot,
    ModelUse,
    Readiness,
    ScoringSnapshot,
)

STORE = "modelStore"
"""The one store of the original, and ours."""

_LARGEST_JSON_INTEGER = 2**53


def stats_json(view: InstanceView, data_type: str = "") -> Json | None:
    """Return the model in service for a data type (the one last swapped without), then all of the instance.

    A data type that is declared and has no model yet, and an instance without any, get the original's empty object.
    None says that the data type is unknown.
    """
    models, scoring = view.models(), view.scoring()
    if data_type and data_type not in known_data_types(models):
        return None
    wanted = [service for service in models.in_service if not data_type or service.data_type == data_type]
    if wanted:
        head = _service_json(wanted[-1], _uses(scoring).get((wanted[-1].data_type, wanted[-1].model)))
    else:
        head = _nothing_in_service(data_type)
    return head | {"instance": instance_json(view, scoring, models)}


def known_data_types(models: ModelsSnapshot) -> tuple[str, ...]:
    """Return the data types that are declared or served, sorted."""
    return tuple(sorted(models.declared.union(service.data_type for service in models.in_service)))


def instances_json(view: InstanceView) -> list[Json]:
    """Return the instances, each with the address at which it answers and the stores it holds."""
    who = view.identity
    return [{"host": who.host, "port": who.port, "storeNames": [STORE]}]


def readiness_json(readiness: Readiness) -> Json:
    """Return whether the instance is ready, and what is missing."""
    return {"status": "ready" if readiness.ready else "not ready", "missing": list(readiness.missing)}


def instance_json(view: InstanceView, scoring: ScoringSnapshot, models: ModelsSnapshot) -> Json:
    """Return all that an instance knows about itself."""
    earlier = view.earlier()
    return {
        **who_json(view, scoring),
        **scoring_json(scoring),
        **_models_json(models, scoring, earlier),
        "recent": recent_json(scoring, earlier),
        "history": history_json(view.history()),
        "sinks": [sink_json(sink) for sink in view.sinks()],
    }


def who_json(view: InstanceView, scoring: ScoringSnapshot) -> Json:
    """Return which instance it is, and whether it can do its work."""
    who, readiness = view.identity, view.readiness()
    return {
        "name": who.name,
        "host": who.host,
        "port": who.port,
        "ready": readiness.ready,
        "missing": list(readiness.missing),
        "started": scoring.started_ms,
        "taken": scoring.taken_ms,
        "uptime_s": round(scoring.uptime_s, 3),
    }


def scoring_json(scoring: ScoringSnapshot) -> Json:
    """Return the counts of the scoring thread, without those of each model."""
    return {
        "records": scoring.records,
        "results": scoring.results,
        "rate_per_s": round(scoring.rate_per_s, 1),
        "dead_letters": {
            "total": sum(scoring.dead_letters.values()),
            "causes": [
                {"stage": stage.value, "cause": cause.value, "count": count}
                for (stage, cause), count in scoring.dead_letters.items()
            ],
        },
        "dropped": {
            "total": sum(scoring.dropped.values()),
            "causes": [{"cause": cause.value, "count": count} for cause, count in scoring.dropped.items()],
        },
        "latency_ms": percentiles(scoring.latency, US_PER_MS),
        "scoring_ms": percentiles(scoring.scoring, NS_PER_MS),
        "lag": sum(scoring.lag.values()),
        "partitions": [
            {
                "topic": topic,
                "partition": number,
                "lag": scoring.lag.get((topic, number)),
                "waiting": scoring.waiting.get((topic, number), ""),
            }
            for topic, number in scoring.partitions
        ],
        "gaps": scoring.gaps,
        "waiting": [
            {"topic": topic, "partition": number, "data_type": data_type}
            for (topic, number), data_type in scoring.waiting.items()
        ],
        "last_scores": [
            {"at_ms": last.at_ms, "data_type": last.data_type, "model": last.model, "result": _plain(last.result)}
            for last in scoring.last_scores
        ],
    }


def _models_json(models: ModelsSnapshot, scoring: ScoringSnapshot, earlier: ScoringSnapshot | None) -> Json:
    before = _uses(earlier) if earlier else {}
    uses, served = _uses(scoring), {(service.data_type, service.model) for service in models.in_service}
    return {
        "caught_up": models.caught_up,
        "loading": models.loading,
        "declared": sorted(models.declared),
        "swaps": models.swaps,
        "rejections": models.rejections,
        "models": [_service_json(one, uses.get((one.data_type, one.model))) for one in models.in_service],
        "use": [_use_json(use, before.get(key), in_service=key in served) for key, use in uses.items()],
        "events": [event_json(event) for event in models.events],
    }


def _uses(scoring: ScoringSnapshot) -> dict[tuple[str, ModelIdentity], ModelUse]:
    return {(use.data_type, use.model): use for use in scoring.models}


def _nothing_in_service(data_type: str) -> Json:
    return {
        "name": "",
        "description": "",
        "since": 0,
        "invocations": 0,
        "duration": 0.0,
        "min": 0.0,
        "max": 0.0,
        "data_type": data_type,
        "version": -1,
        "sha256": "",
        "label": "",
        "engine": "",
        "format": "",
        "size_bytes": 0,
        "load_ms": 0.0,
    }


def _service_json(service: ModelInService, use: ModelUse | None) -> Json:
    return {
        "name": service.model.name,
        "description": service.description,
        "since": service.since_ms,
        "invocations": use.invocations if use else 0,
        "duration": _milliseconds(use.duration_ms) if use else 0.0,
        "min": _milliseconds(use.min_ms) if use else 0.0,
        "max": _milliseconds(use.max_ms) if use else 0.0,
        "data_type": service.data_type,
        "version": service.model.version,
        "sha256": service.model.sha256,
        "label": service.model.label,
        "engine": service.engine,
        "format": service.format,
        "size_bytes": service.size_bytes,
        "load_ms": round(service.load_ms, 3),
    }


def _use_json(use: ModelUse, before: ModelUse | None, *, in_service: bool) -> Json:
    return {
        "data_type": use.data_type,
        "name": use.model.name,
        "version": use.model.version,
        "sha256": use.model.sha256,
        "label": use.model.label,
        "in_service": in_service,
        "invocations": use.invocations,
        "rate_per_s": round(use.rate_per_s, 1),
        "duration": _milliseconds(use.duration_ms),
        "min": _milliseconds(use.min_ms),
        "max": _milliseconds(use.max_ms),
        "scoring_ms": percentiles(use.scoring, NS_PER_MS),
        "latency_ms": percentiles(use.latency, US_PER_MS),
        "recent": recent_use_json(use, before),
    }


def event_json(event: ModelEvent) -> Json:
    """Return a swap or a rejection."""
    return {
        "at_ms": event.at_ms,
        "data_type": event.data_type,
        "name": event.model.name,
        "version": event.model.version,
        "sha256": event.model.sha256,
        "label": event.model.label,
        "state": event.state.value,
        "reason": event.reason,
        "previous": event.previous,
    }


def _milliseconds(value: float) -> float:
    """Return milliseconds to the picosecond: what lies below is noise of floating point."""
    return round(value, 9)


def _plain(result: object) -> str | int | float | bool | None:
    """Return a result as JSON can hold it: NumPy scalars as Python's, NaN as null, what is strange as text."""
    value = result.item() if hasattr(result, "item") else result
    match value:
        case None | bool() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case int():
            return value if abs(value) <= _LARGEST_JSON_INTEGER else str(value)
        case Mapping():
            return str(dict(value))
        case _:
            return str(value)
