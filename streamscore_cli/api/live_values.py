"""What the live page is sent, as JSON objects: the figures of now, small enough for every second; `values.py` has all.

Times are milliseconds since 1970 where a key ends in `_ms` and names a moment, milliseconds where it names a duration.
"""

from __future__ import annotations

from streamscore_cli.api.figures import Json
from streamscore_cli.api.values import event_json, scoring_json, who_json
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
_OF_SCORING = ("rate_per_s", "records", "results", "lag", "partitions", "last_scores", "dead_letters")


def live_json(view: InstanceView, *, after_ms: int | None = None) -> Json:
    """Return the state of now and the samples of the history that are later than `after_ms`; all where it is None."""
    scoring, models = view.scoring(), view.models()
    samples = [sample for sample in view.history() if after_ms is None or sample.at_ms > after_ms]
    return {
        "whole": after_ms is None,
        "started": scoring.started_ms,
        "history": [_sample_json(sample) for sample in samples],
        "instances": [_instance_json(view, scoring, models)],
    }


def _instance_json(view: InstanceView, scoring: ScoringSnapshot, models: ModelsSnapshot) -> Json:
    counts = scoring_json(scoring)
    uses = {(use.data_type, use.model): use for use in scoring.models}
    return {
        **who_json(view, scoring),
        **{key: counts[key] for key in _OF_SCORING},
        "loading": models.loading,
        "events": [event_json(event) for event in models.events],
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
