"""What the live page is sent, as JSON objects: the figures of now, small enough for every second; `values.py` has all.

Times are milliseconds since 1970 where a key ends in `_ms` and names a moment, milliseconds where it names a duration.
"""

from __future__ import annotations

from streamscore_cli.api.values import Json, instance_json
from streamscore_cli.state.snapshots import (
    InstanceView,
    ModelInService,
    ModelsSnapshot,
    ModelUse,
    Sample,
    ScoringSnapshot,
    SinkSnapshot,
)

_US_PER_MS = 1e3
_NS_PER_MS = 1e6
_COPIED = (
    "name", "host", "port", "ready", "missing", "uptime_s", "rate_per_s", "records", "results", "lag", "partitions",
    "last_scores", "events", "loading", "dead_letters",
)  # fmt: skip


def live_json(view: InstanceView, *, whole: bool) -> Json:
    """Return the state of now: with all samples of the history, or with the last one."""
    scoring, models, samples = view.scoring(), view.models(), view.history()
    return {
        "whole": whole,
        "started": scoring.started_ms,
        "history": [_sample_json(sample) for sample in (samples if whole else samples[-1:])],
        "instances": [_instance_json(view, scoring, models)],
    }


def _instance_json(view: InstanceView, scoring: ScoringSnapshot, models: ModelsSnapshot) -> Json:
    everything = instance_json(view, scoring, models)
    uses = {(use.data_type, use.model): use for use in scoring.models}
    return {
        **{key: everything[key] for key in _COPIED},
        "letters": everything["dead_letters"]["causes"],
        "models": [_model_json(one, uses.get((one.data_type, one.model))) for one in models.in_service],
        "sinks": [_sink_json(sink) for sink in view.sinks()],
    }


def _model_json(service: ModelInService, use: ModelUse | None) -> Json:
    return {
        "data_type": service.data_type,
        "name": service.model.name,
        "version": service.model.version,
        "engine": service.engine,
        "since": service.since_ms,
        "results": use.invocations if use else 0,
        "rate_per_s": use.rate_per_s if use else 0.0,
        "scoring_p99_ms": use.scoring.percentile(99) / _NS_PER_MS if use else 0.0,
        "latency_p99_ms": use.latency.percentile(99) / _US_PER_MS if use else 0.0,
    }


def _sample_json(sample: Sample) -> Json:
    return {
        "at_ms": sample.at_ms,
        "results_per_s": round(sample.results_per_s, 1),
        "p50_ms": sample.p50_us / _US_PER_MS,
        "p99_ms": sample.p99_us / _US_PER_MS,
    }


def _sink_json(sink: SinkSnapshot) -> Json:
    return {
        "name": sink.name,
        "written": sink.written,
        "waiting": sink.waiting,
        "dropped_total": sum(sink.dropped.values()),
        "problem": sink.problem,
    }
