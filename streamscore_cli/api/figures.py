"""Histograms, the last seconds, samples and sinks as JSON objects; what an instance says with them is in `values.py`.

`recent` holds figures of about the last ten seconds, from the difference of two counts; `seconds` says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamscore_cli.state.histogram import Histogram
from streamscore_cli.state.snapshots import ModelUse, Sample, ScoringSnapshot, SinkSnapshot

Json = dict[str, Any]

US_PER_MS = 1e3
NS_PER_MS = 1e6
SHOWN_SAMPLES = 60
"""Samples of the history that `/stats` holds: a minute."""

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9}


def percentiles(histogram: Histogram, per_ms: float) -> Json:
    """Return count, percentiles and ends in milliseconds; `per_ms` units of the histogram make one."""
    shown = {name: histogram.percentile(percent) / per_ms for name, percent in _PERCENTILES.items()}
    return {
        "count": histogram.count,
        "min": histogram.minimum / per_ms,
        **shown,
        "max": histogram.maximum / per_ms,
    }


def recent_json(now: ScoringSnapshot, earlier: ScoringSnapshot | None) -> Json:
    """Return rates and percentiles since `earlier`; since the start where there is nothing earlier."""
    then = earlier or ScoringSnapshot(now.started_ms, now.started_ms)
    seconds = now.uptime_s - then.uptime_s
    lost = sum(now.dead_letters.values()) - sum(then.dead_letters.values())
    return {
        "seconds": round(seconds, 3),
        "records_per_s": _rate(now.records - then.records, seconds),
        "results_per_s": _rate(now.results - then.results, seconds),
        "dead_letters_per_s": _rate(lost, seconds),
        "latency_ms": percentiles(now.latency.since(then.latency), US_PER_MS),
        "scoring_ms": percentiles(now.scoring.since(then.scoring), NS_PER_MS),
    }


def recent_use_json(use: ModelUse, before: ModelUse | None) -> Json:
    """Return the percentiles of one model since `before`: all of them when it was not in use then."""
    latency, scoring = use.latency, use.scoring
    if before is not None and before.invocations <= use.invocations:  # fewer now: it was forgotten, and came back
        latency, scoring = latency.since(before.latency), scoring.since(before.scoring)
    return {"latency_ms": percentiles(latency, US_PER_MS), "scoring_ms": percentiles(scoring, NS_PER_MS)}


def history_json(samples: Sequence[Sample]) -> list[Json]:
    """Return the last minute, a sample a second, newest last."""
    return [
        {
            "at_ms": sample.at_ms,
            "results_per_s": round(sample.results_per_s, 1),
            "dead_letters_per_s": round(sample.dead_letters_per_s, 1),
            "p50_ms": sample.p50_us / US_PER_MS,
            "p99_ms": sample.p99_us / US_PER_MS,
            "lag": sample.lag,
        }
        for sample in samples[-SHOWN_SAMPLES:]
    ]


def sink_json(sink: SinkSnapshot) -> Json:
    """Return what became of the points of a sink."""
    return {
        "name": sink.name,
        "target": sink.target,
        "points": sink.points,
        "written": sink.written,
        "waiting": sink.waiting,
        "dropped": {
            "total": sum(sink.dropped.values()),
            "causes": [{"cause": cause, "count": count} for cause, count in sink.dropped.items()],
        },
        "problem": sink.problem,
    }


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 1) if seconds > 0 else 0.0
