"""One point a score, as lines; which scores get one is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import integers
from streamscore_cli.records.scored_rows import ScoredRows, TimedRows
from streamscore_cli.sinks.answers import number_of
from streamscore_cli.sinks.line_protocol import encoded, series, text_field
from streamscore_cli.sinks.naming import Named
from streamscore_cli.sinks.outbox import Line

MEASUREMENT = "serving"
NS_PER_MS = 1_000_000
LATEST_MS = (2**63 - 1) // NS_PER_MS - 1
"""The last millisecond that InfluxDB's times can hold (the year 2262)."""


def raw_lines(part: TimedRows, named: Named, at_ms: int, oldest_ms: int) -> tuple[list[Line], int]:
    """Return a line for each score, and how many were left out because their records are older than `oldest_ms`.

    A time is the record's millisecond plus its offset below the millisecond, so that a repeat overwrites itself and two
    scores in one millisecond do not. A record without a timestamp, or beyond the year 2262, gets the time of its score.
    """
    times = _times_ns(part.rows, at_ms)
    kept = times >= oldest_ms * NS_PER_MS
    starts = _starts(part.rows, named)
    fields = _fields(part)
    lines = [
        Line(encoded(f"{starts[partition]} {field} {time}"), 1)
        for partition, field, time, keep in zip(
            integers(part.rows.partitions).tolist(), fields, times.tolist(), kept.tolist(), strict=True
        )
        if keep
    ]
    return lines, len(part.rows) - len(lines)


def _times_ns(rows: ScoredRows, at_ms: int) -> NDArray[np.int64]:
    stamps = integers(rows.timestamps_ms)
    usable = (stamps >= 0) & (stamps <= LATEST_MS)
    below = integers(rows.offsets) % NS_PER_MS
    return np.where(usable, stamps, at_ms) * NS_PER_MS + below


def _starts(rows: ScoredRows, named: Named) -> dict[int, str]:
    return {
        partition: series(MEASUREMENT, named.tags(topic=rows.topic, partition=str(partition)))
        for partition in set(integers(rows.partitions).tolist())
    }


def _fields(part: TimedRows) -> Sequence[str]:
    duration = f"duration={part.scoring_ns / NS_PER_MS!r}"
    answers = part.rows.scores.result.tolist()
    known = {answer: _field(answer, duration) for answer in set(answers)}
    return [known[answer] for answer in answers]


def _field(answer: object, duration: str) -> str:
    number = number_of(answer)
    parts = [] if number is None else [f"calculated={number!r}"]
    parts.append(duration)
    if isinstance(answer, str):
        parts.append(f"label={text_field(answer)}")
    return ",".join(parts)
