"""The last minutes of an instance, one sample a second, made from its snapshots; it measures nothing itself."""

from __future__ import annotations

from collections import deque

from streamscore_cli.state.snapshots import Sample, ScoringSnapshot

SAMPLES = 300
"""Samples that are kept: five minutes at one a second."""

RECENT_S = 10.0
APART_S = 2.0
"""What "recent" looks back on, and how far apart the snapshots lie that are kept for it: few, as they are large."""

_MS_PER_S = 1e3
_PERCENTILES = (50.0, 90.0, 99.0)


class History:
    """A ring of samples: one thread adds, any thread reads."""

    def __init__(self, samples: int = SAMPLES) -> None:
        """Keep the last `samples`."""
        self._kept: deque[Sample] = deque(maxlen=samples)
        self._samples: tuple[Sample, ...] = ()
        self._last: ScoringSnapshot | None = None
        self._recent: deque[ScoringSnapshot] = deque()
        self._earlier: ScoringSnapshot | None = None

    def add(self, snapshot: ScoringSnapshot) -> None:
        """Add what happened since the snapshot before; the first one, and one not newer, add nothing."""
        last = self._last
        if last is not None and snapshot.uptime_s <= last.uptime_s:
            return
        self._last = snapshot
        self._look_back(snapshot)
        if last is None:
            return
        self._kept.append(_between(last, snapshot))
        self._samples = tuple(self._kept)

    def samples(self) -> tuple[Sample, ...]:
        """Return what is kept, newest last."""
        return self._samples

    def earlier(self) -> ScoringSnapshot | None:
        """Return the counts of 10 to 12 seconds ago, or the oldest there are; None while there are none."""
        return self._earlier

    def _look_back(self, snapshot: ScoringSnapshot) -> None:
        recent = self._recent
        if not recent or snapshot.uptime_s - recent[-1].uptime_s >= APART_S:
            recent.append(snapshot)
        while len(recent) > 1 and snapshot.uptime_s - recent[1].uptime_s >= RECENT_S:
            recent.popleft()
        self._earlier = recent[0]


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
