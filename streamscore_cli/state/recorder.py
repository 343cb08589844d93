"""The statistics of the scoring thread: one writer, immutable snapshots for everybody else; it sends nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.batch import TopicPartition
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.columns import integers
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.histogram import Counted, HistogramBuilder, counted
from streamscore_cli.state.rate import RateCounter, RateWindow
from streamscore_cli.state.snapshots import BatchObservation, LastScore, ModelUse, ScoringSnapshot, SlotUse

PUBLISH_EVERY_S = 0.2
MOST_USES = 100
LAST_SCORES = 10

_NS_PER_MS = 1e6
_US_PER_MS = 1000

_UseKey = tuple[str, int, str]
"""Data type, version and sha256 of a model: its name and label may change while it is in service."""


class _Use:
    """What one model does for one data type, while it is being counted; frozen again only after a change."""

    __slots__ = (
        "_frozen",
        "data_type",
        "invocations",
        "latency",
        "longest_ns",
        "model",
        "rate",
        "scoring",
        "scoring_ns",
        "shortest_ns",
    )

    def __init__(self, data_type: str, model: ModelIdentity, since_s: float) -> None:
        self.data_type = data_type
        self.model = model
        self.invocations = 0
        self.scoring_ns = 0
        self.shortest_ns = float("inf")
        self.longest_ns = 0.0
        self.scoring = HistogramBuilder()
        self.latency = HistogramBuilder()
        self.rate = RateCounter(since_s)
        self._frozen: tuple[ModelUse, RateWindow] | None = None

    def add(self, slot: SlotUse, latency: Counted, now_s: float) -> None:
        self.latency.add_counted(latency)
        self.model = slot.model
        per_record_ns = slot.scoring_ns / slot.records
        self.invocations += slot.records
        self.scoring_ns += slot.scoring_ns
        self.shortest_ns = min(self.shortest_ns, per_record_ns)
        self.longest_ns = max(self.longest_ns, per_record_ns)
        self.scoring.add_repeated(round(per_record_ns), slot.records)
        self.rate.add(now_s, slot.records)
        self._frozen = None

    def freeze(self) -> tuple[ModelUse, RateWindow]:
        if self._frozen is None:
            use = ModelUse(
                self.data_type,
                self.model,
                self.invocations,
                self.scoring_ns / _NS_PER_MS,
                self.shortest_ns / _NS_PER_MS,
                self.longest_ns / _NS_PER_MS,
                scoring=self.scoring.build(),
                latency=self.latency.build(),
            )
            self._frozen = (use, self.rate.window())
        return self._frozen


@dataclass(frozen=True, slots=True)
class _Published:
    """What readers get by one reference: counts as of `snapshot.taken_ms`, and what rates are made of when read."""

    snapshot: ScoringSnapshot
    window: RateWindow = field(default_factory=RateWindow)
    uses: tuple[tuple[ModelUse, RateWindow], ...] = ()


class Recorder:
    """Counts what the scoring thread does, and is written by that thread only; `snapshot` may be called by any.

    A new snapshot replaces the old one by reference at most every 200 ms, inside `record` and `tick`; so the scoring
    loop calls `tick` when a poll brought nothing, or the last batch before a pause would stay unseen.
    """

    def __init__(self, clock: Clock, publish_every_s: float = PUBLISH_EVERY_S) -> None:
        """Start counting now."""
        self._clock = clock
        self._publish_every_s = publish_every_s
        self._started_ms = clock.epoch_ms()
        self._started_s = clock.monotonic_s()
        self._records = 0
        self._results = 0
        self._dead_letters: dict[tuple[Stage, Cause], int] = {}
        self._dropped: dict[Cause, int] = {}
        self._latency = HistogramBuilder()
        self._scoring = HistogramBuilder()
        self._batches = HistogramBuilder()
        self._rate = RateCounter(self._started_s)
        self._uses: dict[_UseKey, _Use] = {}
        self._last_scores: deque[LastScore] = deque(maxlen=LAST_SCORES)
        self._partitions: tuple[TopicPartition, ...] = ()
        self._joined = False
        self._gaps = 0
        self._waiting: Mapping[TopicPartition, str] = {}
        self._lag: Mapping[TopicPartition, int] = {}
        self._changed = False
        self._published_s = self._started_s
        self._published = _Published(ScoringSnapshot(self._started_ms, self._started_ms))

    def record(self, observation: BatchObservation) -> None:
        """Count one batch; a few dozen microseconds, nothing in Python per record."""
        now_s = self._clock.monotonic_s()
        self._records += observation.records
        self._rate.add(now_s, observation.records)
        self._batches.add_repeated(observation.records, min(observation.records, 1))
        self._record_slots([slot for slot in observation.slots if slot.records > 0], observation.produced_ms, now_s)
        for key, count in observation.dead_letters.items():
            self._dead_letters[key] = self._dead_letters.get(key, 0) + count
        for cause, count in observation.dropped.items():
            self._dropped[cause] = self._dropped.get(cause, 0) + count
        self._changed = True
        self._publish_if_due(now_s)

    def partitions(self, partitions: Collection[TopicPartition], *, joined: bool = True) -> None:
        """Replace the partitions that this instance owns; `joined`: the group has told it so, be it none."""
        self._joined = joined
        self._partitions = tuple(sorted(partitions))
        self._changed = True

    def waiting(self, waiting: Mapping[TopicPartition, str]) -> None:
        """Replace the partitions that wait for a model, each with the data type it waits for."""
        self._waiting = dict(waiting)
        self._changed = True

    def lag(self, lag: Mapping[TopicPartition, int], *, gaps: int = 0) -> None:
        """Replace how many records each partition is behind its end, and how many were gone before they were read."""
        self._gaps = gaps
        self._lag = dict(lag)
        self._changed = True

    def tick(self) -> None:
        """Publish what the last batches left unpublished; to be called when a poll brought nothing."""
        self._publish_if_due(self._clock.monotonic_s())

    def publish(self, *, force: bool = False) -> None:
        """Publish what changed if it is due, or now with `force` (a test, the end of the loop)."""
        now_s = self._clock.monotonic_s()
        if force:
            self._publish(now_s)
        else:
            self._publish_if_due(now_s)

    def snapshot(self) -> ScoringSnapshot:
        """Return the last snapshot with rates and uptime as of now; any thread may ask, nobody waits."""
        published, now_s = self._published, self._clock.monotonic_s()
        models = tuple(replace(use, rate_per_s=window.per_second(now_s)) for use, window in published.uses)
        return replace(
            published.snapshot,
            rate_per_s=published.window.per_second(now_s),
            models=models,
            uptime_s=now_s - self._started_s,
        )

    def _record_slots(self, slots: Sequence[SlotUse], produced_ms: int, now_s: float) -> None:
        latencies, lengths = _latencies_us(slots, produced_ms)
        every = counted(latencies)
        self._latency.add_counted(every)
        scoring: dict[int, int] = {}
        for slot, latency in zip(slots, every.apart(lengths) if len(slots) > 1 else [every], strict=False):
            self._record_slot(slot, latency, now_s)
            per_record_ns = round(slot.scoring_ns / slot.records)
            scoring[per_record_ns] = scoring.get(per_record_ns, 0) + slot.records
        for per_record_ns, records in scoring.items():
            self._scoring.add_repeated(per_record_ns, records)
        self._results += sum(scoring.values())
        now_ms = self._clock.epoch_ms()
        self._last_scores += [
            LastScore(now_ms, slot.data_type, slot.model.name, slot.last_result) for slot in slots[-LAST_SCORES:]
        ]

    def _record_slot(self, slot: SlotUse, latency: Counted, now_s: float) -> None:
        key = (slot.data_type, slot.model.version, slot.model.sha256)
        use = self._uses.pop(key, None) or _Use(slot.data_type, slot.model, self._started_s)
        use.add(slot, latency, now_s)
        self._uses[key] = use  # the newest use is the last: the first is the one to forget
        if len(self._uses) > MOST_USES:
            del self._uses[next(iter(self._uses))]

    def _publish_if_due(self, now_s: float) -> None:
        if self._changed and now_s - self._published_s >= self._publish_every_s:
            self._publish(now_s)

    def _publish(self, now_s: float) -> None:
        snapshot = ScoringSnapshot(
            taken_ms=self._clock.epoch_ms(),
            started_ms=self._started_ms,
            records=self._records,
            results=self._results,
            dead_letters=dict(self._dead_letters),
            dropped=dict(self._dropped),
            latency=self._latency.build(),
            scoring=self._scoring.build(),
            batches=self._batches.build(),
            last_scores=tuple(self._last_scores),
            partitions=self._partitions,
            joined=self._joined,
            gaps=self._gaps,
            waiting=self._waiting,
            lag=self._lag,
        )
        uses = tuple(use.freeze() for use in self._uses.values())
        self._published = _Published(snapshot, self._rate.window(), uses)
        self._published_s = now_s
        self._changed = False


def _latencies_us(slots: Sequence[SlotUse], produced_ms: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return microseconds from each timestamp to its result, slot after slot, and how many each slot has.

    A clock that ran ahead makes them 0, not negative; records without a timestamp have none.
    """
    lengths = np.array([len(slot.timestamps_ms) for slot in slots], np.int64)
    columns = [integers(slot.timestamps_ms) for slot in slots]
    stamps = columns[0] if len(columns) == 1 else np.concatenate(columns or [np.empty(0, np.int64)])
    there = stamps >= 0
    if not there.all():
        lengths = np.bincount(np.repeat(np.arange(len(slots)), lengths)[there], minlength=len(slots))
        stamps = stamps[there]
    return np.maximum(produced_ms - stamps, 0) * _US_PER_MS, lengths
