"""Scores the routed rows of a batch and encodes the results; it produces and commits nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from streamscore_cli.core.batch import OutboundResults, RecordBatch
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.columns import joined
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.message_size import message_bytes
from streamscore_cli.pipeline.route import Group, TopicRecords
from streamscore_cli.records.results import ResultEncoder, ScoredRows
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.serving.binding import Names
from streamscore_cli.serving.manager import LoadedModel, Manager
from streamscore_cli.serving.scorer import ScoredPart, score_slot
from streamscore_cli.state.snapshots import SlotUse

T = TypeVar("T")

DEFAULT_BYTES = 1_048_588
"""The largest message of a topic that says nothing of it (Kafka's message.max.bytes)."""


TOGETHER = 1000
"""How many results are looked at together for their size."""


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


@dataclass(frozen=True, slots=True)
class _Slot:
    group: Group
    model: LoadedModel


@dataclass(frozen=True, slots=True)
class _Spent:
    begun_ns: int
    per_record_ns: float


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
        with ExitStack() as held:
            models = [held.enter_context(self.manager.use(group.data_type)) for group in groups]
            for slots in _by_content(groups, models):
                self._score_alike(batch, slots, records.names, answered)
        rows, values = answered.rows, answered.values
        if len(groups) > 1 or answered.failures:
            order = np.argsort(np.array(rows, np.intp)).tolist()
            rows, values = [rows[place] for place in order], [values[place] for place in order]
        results = OutboundResults(records.results_topic, values, _at(batch.keys, rows), _at(batch.partitions, rows))
        return Scored(results, tuple(answered.parts), tuple(answered.uses), tuple(answered.failures))

    def _score_alike(self, batch: RecordBatch, slots: Sequence[_Slot], names: Names, answered: _Answered) -> None:
        """Score the rows of all slots at once: their models are the same."""
        begun_ns = self._clock.perf_ns()
        rows = slots[0].group.rows if len(slots) == 1 else np.concatenate([slot.group.rows for slot in slots])
        columns = slots[0].group.columns if len(slots) == 1 else joined([slot.group.columns for slot in slots])
        found = score_slot(slots[0].model.servable, columns, names)
        spent_ns = (self._clock.perf_ns() - begun_ns) / max(len(rows), 1)
        answered.failures.extend(failure.at(int(rows[failure.row])) for failure in found.failures)
        ends = np.cumsum([len(slot.group.rows) for slot in slots])
        for part in found.parts:
            cuts = [0, *np.searchsorted(part.rows, ends).tolist()]
            for slot, first, end in zip(slots, cuts, cuts[1:], strict=False):
                if first < end:
                    of_slot = ScoredPart(part.scores.between(first, end), rows[part.rows[first:end]])
                    self._answer(batch, slot, of_slot, _Spent(begun_ns, spent_ns), answered)

    def _answer(self, batch: RecordBatch, slot: _Slot, part: ScoredPart, spent: _Spent, answered: _Answered) -> None:
        rows = part.rows.tolist()
        scored = ScoredRows(
            data_type=slot.group.data_type,
            scores=part.scores,
            model=slot.model.identity,
            topic=batch.topic,
            partitions=_at(batch.partitions, rows),
            offsets=_at(batch.offsets, rows),
            timestamps_ms=_at(batch.timestamps_ms, rows),
        )
        self._encode(batch, rows, scored, answered)
        answered.parts.append(TimedRows(scored, slot.model.engine, spent.per_record_ns))
        use = SlotUse(
            data_type=scored.data_type,
            model=scored.model,
            records=len(rows),
            scoring_ns=round(spent.per_record_ns * len(rows)),
            last_result=part.scores.result[-1:].tolist()[0],
            timestamps_ms=scored.timestamps_ms,
            begun_ns=spent.begun_ns,
            encoded_ns=self._clock.perf_ns(),
        )
        answered.uses.append(use)

    def _encode(self, batch: RecordBatch, rows: list[int], scored: ScoredRows, answered: _Answered) -> None:
        values = self._encoder.encode(scored)
        keys = _at(batch.keys, rows)
        if not _surely_fit(values, keys, answered.limit_bytes):
            rows, values = _within(rows, values, keys, answered)
        answered.rows.extend(rows)
        answered.values.extend(values)


def _by_content(groups: Sequence[Group], models: Sequence[LoadedModel]) -> Iterable[Sequence[_Slot]]:
    """Put together the slots whose models are the same bytes, loaded by the same engine: they answer alike."""
    found: dict[tuple[str, str], list[_Slot]] = {}
    for group, model in zip(groups, models, strict=True):
        found.setdefault((model.identity.sha256, model.engine), []).append(_Slot(group, model))
    return found.values()


def _surely_fit(values: list[bytes], keys: Sequence[bytes | None], limit_bytes: int) -> bool:
    """Tell whether a thousand results together are within the limit of one: cheaper than to look at each."""
    return all(
        message_bytes(
            b"".join(filter(None, keys[first : first + TOGETHER])), b"".join(values[first : first + TOGETHER])
        )
        <= limit_bytes
        for first in range(0, len(values), TOGETHER)
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
