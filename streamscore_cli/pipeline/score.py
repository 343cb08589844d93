"""Scores the routed rows of a batch and encodes the results; it produces and commits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from streamscore_cli.core.batch import OutboundResults, RecordBatch
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.message_size import message_bytes
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.pipeline.route import Group, TopicRecords
from streamscore_cli.records.results import ResultEncoder, ScoredRows
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.serving.manager import Manager
from streamscore_cli.serving.scorer import ScoredPart, score_slot
from streamscore_cli.state.snapshots import SlotUse

T = TypeVar("T")

DEFAULT_BYTES = 1_048_588
"""The largest message of a topic that says nothing of it (Kafka's message.max.bytes)."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Encoded results in the order of their records, the same unencoded, who answered, and what failed."""

    results: OutboundResults
    answers: tuple[TimedRows, ...]
    uses: tuple[SlotUse, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Answered:
    limit_bytes: int
    rows: list[int]
    values: list[bytes]
    parts: list[TimedRows]
    uses: list[SlotUse]
    failures: list[Failure]


class Scorer:
    """Scores groups with the models in service, each group with one model; used by the scoring thread only."""

    def __init__(self, manager: Manager, encoder: ResultEncoder, clock: Clock, max_bytes: Mapping[str, int]) -> None:
        """Take who holds the models, how results are written, the time, and the largest message each topic takes."""
        self.manager = manager
        self._encoder = encoder
        self._clock = clock
        self._max_bytes = max_bytes

    def score(self, batch: RecordBatch, groups: Sequence[Group], records: TopicRecords) -> Scored:
        """Answer every row of `groups`, as a result for the topic of `records` or as a failure; keep their order."""
        limit_bytes = self._max_bytes.get(records.results_topic, DEFAULT_BYTES)
        answered = _Answered(limit_bytes, [], [], [], [], [])
        for group in groups:
            self._score_group(batch, group, records, answered)
        rows, values = answered.rows, answered.values
        if len(groups) > 1 or answered.failures:
            order = sorted(range(len(rows)), key=rows.__getitem__)
            rows, values = [rows[place] for place in order], [values[place] for place in order]
        results = OutboundResults(records.results_topic, values, _at(batch.keys, rows), _at(batch.partitions, rows))
        return Scored(results, tuple(answered.parts), tuple(answered.uses), tuple(answered.failures))

    def _score_group(self, batch: RecordBatch, group: Group, records: TopicRecords, answered: _Answered) -> None:
        with self.manager.use(group.data_type) as model:
            begun_ns = self._clock.perf_ns()
            slot = score_slot(model.servable, group.columns, records.names)
            spent_ns = self._clock.perf_ns() - begun_ns
        answered.failures.extend(failure.at(int(group.rows[failure.row])) for failure in slot.failures)
        parts = [_scored_rows(batch, group, part, model.identity) for part in slot.parts]
        for part, scored in zip(slot.parts, parts, strict=True):
            self._encode(batch, group.rows[part.rows].tolist(), scored, answered)
        if parts:
            count = sum(map(len, parts))
            last = parts[-1].scores.result[-1:].tolist()[0]
            times = parts[0].timestamps_ms if len(parts) == 1 else [at for part in parts for at in part.timestamps_ms]
            use = SlotUse(
                group.data_type, model.identity, count, spent_ns, last, times, begun_ns, self._clock.perf_ns()
            )
            answered.uses.append(use)
            answered.parts.extend(TimedRows(part, model.engine, spent_ns / count) for part in parts)

    def _encode(self, batch: RecordBatch, rows: list[int], scored: ScoredRows, answered: _Answered) -> None:
        values = self._encoder.encode(scored)
        keys = _at(batch.keys, rows)
        longest_key = max(filter(None, keys), key=len, default=b"")
        if message_bytes(longest_key, max(values, key=len)) > answered.limit_bytes:
            rows, values = _within(rows, values, keys, answered)
        answered.rows.extend(rows)
        answered.values.extend(values)


def _scored_rows(batch: RecordBatch, group: Group, part: ScoredPart, model: ModelIdentity) -> ScoredRows:
    rows = group.rows[part.rows].tolist()
    return ScoredRows(
        data_type=group.data_type,
        scores=part.scores,
        model=model,
        topic=batch.topic,
        partitions=_at(batch.partitions, rows),
        offsets=_at(batch.offsets, rows),
        timestamps_ms=_at(batch.timestamps_ms, rows),
    )


def _within(
    rows: list[int], values: list[bytes], keys: Sequence[bytes | None], answered: _Answered
) -> tuple[list[int], list[bytes]]:
    """Return the results that their topic takes; the others fail."""
    kept: list[tuple[int, bytes]] = []
    for row, value, key in zip(rows, values, keys, strict=True):
        size = message_bytes(key, value)
        if size <= answered.limit_bytes:
            kept.append((row, value))
        else:
            reason = f"key and result have {size} bytes, their topic takes {answered.limit_bytes}"
            answered.failures.append(Failure(row, Stage.ENCODE, Cause.RESULT_TOO_LARGE, reason))
    return [row for row, _ in kept], [value for _, value in kept]


def _at(items: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
    return items if len(rows) == len(items) else [items[row] for row in rows]
