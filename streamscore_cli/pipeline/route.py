"""Sorts decoded rows by data type and cuts off what has to wait for a model; it scores nothing and commits nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import numpy as np

from streamscore_cli.core.batch import RecordBatch, TopicPartition
from streamscore_cli.core.columns import Columns, Rows, all_rows, integers
from streamscore_cli.core.distinct import distinct
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.records.codec import Decoded, RecordCodec
from streamscore_cli.serving.binding import Names

DATA_TYPE_HEADER = "data-type"

_MOST_16_BITS = 2**16
"""Numbers of 16 bits are sorted in one pass."""


@dataclass(frozen=True, slots=True)
class TopicRecords:
    """How the records of one data topic look, and where their results go."""

    codec: RecordCodec
    data_type_field: str
    data_type: str
    names: Names
    results_topic: str


class Standing(Enum):
    """What a data type means for a record that names it."""

    SERVED = auto()
    WAITING = auto()
    NO_MODEL = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one served data type: those at `places` of all decoded `columns`, which are `rows` of the batch."""

    data_type: str
    columns: Columns
    places: Rows
    rows: Rows


@dataclass(frozen=True, slots=True)
class Named:
    """The data types that decoded rows name, each once, and which of them each row does."""

    known: Sequence[str]
    codes: Rows

    @classmethod
    def of(cls, names: Sequence[str], codes: Rows | None = None) -> Named:
        """Return names, of rows or of what `codes` say, each once."""
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        if codes is None or len(places) < len(names):
            own = np.fromiter(map(places.__getitem__, names), np.intp, len(names))
            codes = own if codes is None else own[codes]
        return cls(list(places), codes)

    def each(self) -> list[str]:
        """Return the name of each row."""
        return [self.known[code] for code in self.codes.tolist()]


@dataclass(frozen=True, slots=True)
class Routed:
    """What is to be scored, what failed, and which partitions wait: from which offset on, and for which data type.

    Rows at or behind a held offset are in neither `groups` nor `failures`: they come again.
    """

    groups: tuple[Group, ...]
    failures: tuple[Failure, ...]
    holds: Mapping[TopicPartition, int] = field(default_factory=dict)
    waits_for: Mapping[TopicPartition, str] = field(default_factory=dict)
    named: Named = field(default_factory=lambda: Named([], all_rows(0)))
    decoded_rows: Rows = field(default_factory=lambda: all_rows(0))

    def data_types(self) -> dict[int, str]:
        """Return the data type that each decoded row of the batch names, if any."""
        return dict(zip(self.decoded_rows.tolist(), self.named.each(), strict=True))


def route(batch: RecordBatch, decoded: Decoded, records: TopicRecords, standing: Callable[[str], Standing]) -> Routed:
    """Sort the decoded rows of `batch` by data type: header, else field, else the topic's."""
    named = _data_types(batch, decoded, records)
    columns = decoded.columns.without(records.data_type_field)
    standings = {name: standing(name) if name else Standing.UNKNOWN for name in named.known}
    if len(named.known) == 1 and Standing.SERVED in standings.values():
        group = Group(named.known[0], columns, all_rows(columns.length), decoded.rows)
        return Routed((group,), decoded.failures, named=named, decoded_rows=decoded.rows)
    order, ends = _sorted(named)
    places = {name: order[first:end] for name, first, end in ends}
    rows = decoded.rows[order]
    groups = tuple(
        Group(name, columns, order[first:end], rows[first:end])
        for name, first, end in ends
        if standings[name] is Standing.SERVED
    )
    failures = (*decoded.failures, *_unserved(places, standings, decoded.rows))
    waiting = {name: at for name, at in places.items() if standings[name] is Standing.WAITING}
    routed = Routed(groups, failures, named=named, decoded_rows=decoded.rows)
    return _cut(batch, routed, waiting, decoded.rows) if waiting else routed


def _sorted(named: Named) -> tuple[Rows, list[tuple[str, int, int]]]:
    """Return the rows sorted by data type, each type's in order, and where each begins and ends there."""
    known, codes = named.known, named.codes
    of_rows = codes.astype(np.uint16) if len(known) < _MOST_16_BITS else codes
    ends = np.bincount(of_rows, minlength=len(known)).cumsum().tolist()
    return np.argsort(of_rows, kind="stable"), list(zip(known, [0, *ends], ends, strict=False))


def _data_types(batch: RecordBatch, decoded: Decoded, records: TopicRecords) -> Named:
    column = decoded.columns.arrays.get(records.data_type_field)
    if column is None:
        named = Named([records.data_type][: decoded.columns.length], np.zeros(decoded.columns.length, np.intp))
    elif column.dtype == object:
        values, codes = distinct(column)
        named = Named.of([_name(value, records.data_type) for value in values], codes)
    else:
        named = Named.of([_name(value, records.data_type) for value in column.tolist()])
    if batch.headers is None:
        return named
    rows = zip(decoded.rows.tolist(), named.each(), strict=True)
    return Named.of([_from_headers(batch.headers[row], name) for row, name in rows])


def _name(value: object, default: str) -> str:
    absent = value is None or value == "" or (isinstance(value, float) and math.isnan(value))
    if absent:
        return default
    return value if isinstance(value, str) else repr(value)


def _from_headers(headers: Sequence[tuple[str, bytes | None]] | None, otherwise: str) -> str:
    for name, value in headers or ():
        if name == DATA_TYPE_HEADER and value:
            return value.decode("utf-8", "replace")
    return otherwise


def _unserved(places: Mapping[str, Rows], standings: Mapping[str, Standing], rows: Rows) -> list[Failure]:
    failures: list[Failure] = []
    for name, at in places.items():
        if standings[name] is Standing.NO_MODEL:
            why = Cause.NO_MODEL, f"data type {name!r} has no model yet"
        elif standings[name] is Standing.UNKNOWN:
            reason = f"data type {name!r:.100} is declared by no setting and no model" if name else "no data type"
            why = Cause.UNKNOWN_DATA_TYPE, reason
        else:
            continue
        failures += [Failure(row, Stage.ROUTE, *why) for row in rows[at].tolist()]
    return failures


def _cut(batch: RecordBatch, routed: Routed, waiting: Mapping[str, Rows], rows: Rows) -> Routed:
    holds: dict[int, int] = {}
    waits_for: dict[TopicPartition, str] = {}
    first_waiting = sorted((row, name) for name, at in waiting.items() for row in rows[at].tolist())
    for row, name in first_waiting:
        partition = int(batch.partitions[row])
        if partition not in holds:
            holds[partition] = int(batch.offsets[row])
            waits_for[batch.topic, partition] = name

    def goes_on(row: int) -> bool:
        held_at = holds.get(int(batch.partitions[row]))
        return held_at is None or int(batch.offsets[row]) < held_at

    groups = []
    for group in routed.groups:
        kept = np.flatnonzero([goes_on(row) for row in group.rows.tolist()])
        if len(kept):
            groups.append(replace(group, places=group.places[kept], rows=group.rows[kept]))
    failures = tuple(failure for failure in routed.failures if goes_on(failure.row))
    held = {(batch.topic, partition): offset for partition, offset in holds.items()}
    return replace(routed, groups=tuple(groups), failures=failures, holds=held, waits_for=waits_for)


def next_offsets(batch: RecordBatch, holds: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Return the offset up to which each partition of `batch` is done with: behind its last row, or where it is held.

    A partition held at the first of its rows is done up to that row, which is where it was before.
    """
    partitions, offsets = integers(batch.partitions), integers(batch.offsets)
    ends = (partitions[1:] != partitions[:-1]).nonzero()[0]  # of runs of records of one partition
    last = dict(zip(partitions[ends].tolist(), offsets[ends].tolist(), strict=True))
    last |= dict(zip(partitions[-1:].tolist(), offsets[-1:].tolist(), strict=True))
    done = {(batch.topic, partition): offset + 1 for partition, offset in last.items()}
    return done | dict(holds)
