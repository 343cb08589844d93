"""Scores the routed rows of a batch and encodes the results; it produces and commits nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from streamscore_cli.core.batch import OutboundResults, RecordBatch
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.columns import Integers, Rows, all_rows, integers
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.message_size import message_bytes
from streamscore_cli.core.payloads import Payloads, lengths_of
from streamscore_cli.pipeline.route import Group, TopicRecords
from streamscore_cli.records.results import ResultEncoder
from streamscore_cli.records.scored_rows import Head, ScoredTogether, TimedRows
from streamscore_cli.serving.binding import Names
from streamscore_cli.serving.manager import LoadedModel, Manager
from streamscore_cli.serving.scorer import score_slot
from streamscore_cli.state.snapshots import SlotUse

T = TypeVar("T")

DEFAULT_BYTES = 1_048_588
"""The largest message of a topic that says nothing of it (Kafka's message.max.bytes)."""


@dataclass(frozen=True, slots=True)
class TimedTogether:
    """Rows that one call of `engine` scored, in nanoseconds a record."""

    rows: ScoredTogether
    engine: str
    scoring_ns: float


@dataclass(frozen=True, slots=True)
class Scored:
    """Encoded results in the order of their records, the same unencoded, what models did, and what failed."""

    results: OutboundResults
    calls: tuple[TimedTogether, ...]
    uses: tuple[SlotUse, ...]
    failures: tuple[Failure, ...]

    @property
    def answers(self) -> tuple[TimedRows, ...]:
        """Return the unencoded rows of each data type, taken apart only when somebody asks."""
        return tuple(TimedRows(rows, call.engine, call.scoring_ns) for call in self.calls for rows in call.rows.apart())


@dataclass(frozen=True, slots=True)
class _Answered:
    limit_bytes: int
    rows: list[Rows]
    values: list[Payloads]
    calls: list[TimedTogether]
    uses: list[SlotUse]
    failures: list[Failure]


@dataclass(frozen=True, slots=True)
class _Slot:
    group: Group
    model: LoadedModel


@dataclass(frozen=True, slots=True)
class _Sources:
    """Rows of a batch and what their records have besides values."""

    rows: Rows
    keys: Sequence[bytes | None]
    partitions: Integers
    offsets: Integers
    timestamps_ms: Integers


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
        with self.manager.use_all([group.data_type for group in groups]) as models:
            for slots in _by_content(groups, models):
                self._score_alike(batch, slots, records.names, answered)
        rows, values = np.concatenate([all_rows(0), *answered.rows]), Payloads.together(answered.values)
        if len(answered.calls) > 1:
            order = np.argsort(rows)
            rows, values = rows[order], values.take(order)
        results = OutboundResults(records.results_topic, values, _at(batch.keys, rows), _of(batch.partitions, rows))
        return Scored(results, tuple(answered.calls), tuple(answered.uses), tuple(answered.failures))

    def _score_alike(self, batch: RecordBatch, slots: Sequence[_Slot], names: Names, answered: _Answered) -> None:
        """Score the rows of all slots at once: their models are the same."""
        begun_ns = self._clock.perf_ns()
        places, rows, codes = _merged(slots)
        found = score_slot(slots[0].model.servable, slots[0].group.columns.take(places), names)
        spent_ns = (self._clock.perf_ns() - begun_ns) / max(len(rows), 1)
        answered.failures.extend(failure.at(int(rows[failure.row])) for failure in found.failures)
        heads = [Head(slot.group.data_type, slot.model.identity) for slot in slots]
        for part in found.parts:
            sources = _sources(batch, rows[part.rows])
            scored = ScoredTogether(
                heads=heads,
                codes=codes[part.rows],
                scores=part.scores,
                topic=batch.topic,
                partitions=sources.partitions,
                offsets=sources.offsets,
                timestamps_ms=sources.timestamps_ms,
            )
            self._encode(sources, scored, answered)
            call = TimedTogether(scored, slots[0].model.engine, spent_ns)
            answered.calls.append(call)
            answered.uses.extend(_uses(call, begun_ns, self._clock.perf_ns()))

    def _encode(self, sources: _Sources, scored: ScoredTogether, answered: _Answered) -> None:
        rows, keys, values = sources.rows, sources.keys, Payloads.of(self._encoder.encode(scored))
        if not _surely_fit(values, keys, answered.limit_bytes):
            fitting = _fitting(rows, values, keys, answered)
            rows, values = rows[fitting], values.take(fitting)
        answered.rows.append(rows)
        answered.values.append(values)


def _merged(slots: Sequence[_Slot]) -> tuple[Rows, Rows, Rows]:
    """Return the rows of all slots in order: their places among those decoded and in the batch, and whose they are."""
    first = slots[0].group
    if len(slots) == 1:
        return first.places, first.rows, np.zeros(len(first.rows), np.intp)
    places = np.concatenate([slot.group.places for slot in slots])
    rows, codes = np.empty(first.columns.length, np.intp), np.full(first.columns.length, -1, np.intp)
    rows[places] = np.concatenate([slot.group.rows for slot in slots])
    codes[places] = np.repeat(np.arange(len(slots)), [len(slot.group.rows) for slot in slots])
    taken = np.flatnonzero(codes >= 0)
    return taken, rows[taken], codes[taken]


def _sources(batch: RecordBatch, rows: Rows) -> _Sources:
    """Return what the records at `rows` have besides values."""
    columns = batch.partitions, batch.offsets, batch.timestamps_ms
    return _Sources(rows, _at(batch.keys, rows), *(_of(column, rows) for column in columns))


def _uses(call: TimedTogether, begun_ns: int, encoded_ns: int) -> Iterable[SlotUse]:
    """Yield what each data type had of a call."""
    rows = call.rows
    order, ends = rows.by_head()
    lasts = rows.scores.result[order[np.array(ends, np.intp) - 1]].tolist()
    timestamps_ms = rows.timestamps_ms if len(ends) == 1 else integers(rows.timestamps_ms)[order]
    for head, first, end, last in zip(rows.heads, [0, *ends], ends, lasts, strict=False):
        if first < end:
            yield SlotUse(
                data_type=head.data_type,
                model=head.model,
                records=end - first,
                scoring_ns=round(call.scoring_ns * (end - first)),
                last_result=last,
                timestamps_ms=timestamps_ms[first:end],
                begun_ns=begun_ns,
                encoded_ns=encoded_ns,
            )


def _by_content(groups: Sequence[Group], models: Sequence[LoadedModel]) -> Iterable[Sequence[_Slot]]:
    """Put together the slots whose models are the same bytes, loaded by the same engine: they answer alike."""
    found: dict[tuple[str, str], list[_Slot]] = {}
    for group, model in zip(groups, models, strict=True):
        found.setdefault((model.identity.sha256, model.engine), []).append(_Slot(group, model))
    return found.values()


def _surely_fit(values: Payloads, keys: Sequence[bytes | None], limit_bytes: int) -> bool:
    """Tell whether the longest result fits with all keys in one message: cheaper than to look at each."""
    return message_bytes(None, None) + int(lengths_of(keys).sum()) + values.longest <= limit_bytes


def _fitting(rows: Rows, values: Payloads, keys: Sequence[bytes | None], answered: _Answered) -> Rows:
    """Return the places of the results that their topic takes; the others fail."""
    sizes = [message_bytes(key, None) + length for key, length in zip(keys, values.lengths.tolist(), strict=True)]
    fitting = np.array(sizes) <= answered.limit_bytes
    for place in np.flatnonzero(~fitting).tolist():
        reason = f"key and result have {sizes[place]} bytes, their topic takes {answered.limit_bytes}"
        answered.failures.append(Failure(int(rows[place]), Stage.ENCODE, Cause.RESULT_TOO_LARGE, reason))
    return np.flatnonzero(fitting)


def _at(items: Sequence[T], rows: Rows) -> Sequence[T]:
    """Return the items at `rows`, which ascend; all of them cost nothing."""
    return items if len(rows) == len(items) else [items[row] for row in rows.tolist()]


def _of(numbers: Integers, rows: Rows) -> Integers:
    """Return the numbers at `rows` in the same way."""
    return numbers if len(rows) == len(numbers) else integers(numbers)[rows]
