"""The last minutes of an instance, one sample a second, made from its snapshots; it measures nothing itself."""

from __future__ import annotations

from collections import deque

from streamscore_cli.state.snapshots import Sample, ScoringSnapshot

SAMPLES = 300
"""Samples that are kept: five minutes at one a second."""

_MS_PER_S = 1e3
_PERCENTILES = (50.0, 90.0, 99.0)


class History:
    """A ring of samples: one thread adds, any thread reads."""

    def __init__(self, samples: int = SAMPLES) -> None:
        """Keep the last `samples`."""
        self._kept: deque[Sample] = deque(maxlen=samples)
        self._samples: tuple[Sample, ...] = ()
        self._last: ScoringSnapshot | None = None

    def add(self, snapshot: ScoringSnapshot) -> None:
        """Add what happened since the snapshot before; the first one, and one not newer, add nothing."""
        last = self._last
        if last is not None and snapshot.uptime_s <= last.uptime_s:
            return
        self._last = snapshot
        if last is None:
            return
        self._kept.append(_between(last, snapshot))
        self._samples = tuple(self._kept)

    def samples(self) -> tuple[Sample, ...]:
        """Return what is kept, newest last."""
        return self._samples


def _between(older: ScoringSnapshot, newer: ScoringSnapshot) -> Sample:
    seconds = newer.uptime_s - older.uptime_s
    latency = newer.latency.since(older.latency)
    p50, p90, p99 = (latency.percentile(percent) for percent in _PERCENTILES)
    letters = sum(newer.dead_letters.values()) - sum(older.dead_letters.values())
    return Sample(
        at_ms=newer.started_ms + round(newer.uptime_s * _MS_PER_S),
        records_per_s=(newer.records - older.records) / seconds,
        results_per_s=(newer.results - older.results) / seconds,
        dead_letters_per_s=letters / seconds,
        p50_us=p50,
        p90_us=p90,
        p99_us=p99,
        max_us=latency.maximum,
        lag=sum(newer.lag.values()),
    )
