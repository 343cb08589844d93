"""Answers as the scoring thread gives them to a sink, made of what a test cares about, and lines taken apart again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.scored_rows import ScoredRows, TimedRows

TREE = ModelIdentity("tree", 7, "ab" * 32)
NOW_MS = 1_700_000_000_250
AT_S = NOW_MS / 1000


def part(
    results: Sequence[Any],
    *,
    model: ModelIdentity = TREE,
    data_type: str = "wine",
    times_ms: Sequence[int] | None = None,
    first_offset: int = 0,
    scoring_ns: float = 2_000.0,
) -> TimedRows:
    """Return what a model answered for consecutive records of partition 3."""
    numbers = all(isinstance(result, float) for result in results)
    array = np.array(results, dtype=np.float64 if numbers else object)
    count = len(results)
    rows = ScoredRows(
        data_type=data_type,
        scores=Scores(array),
        model=model,
        topic="data",
        partitions=[3] * count,
        offsets=list(range(first_offset, first_offset + count)),
        timestamps_ms=[NOW_MS] * count if times_ms is None else times_ms,
    )
    return TimedRows(rows, "pmml", scoring_ns)


@dataclass(frozen=True)
class Point:
    """A line taken apart as InfluxDB's documentation says, by other means than the code under test."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Any]
    time: int


def parse(line: bytes) -> Point:
    """Take a line apart; fails when it is none."""
    text = line.decode()
    series = _cut(text, " ", quotes=False)[0]
    fields, time = _cut(text[len(series) + 1 :], " ")
    assert "\n" not in series + _without_strings(fields) + time
    measurement, *tags = _cut(series, ",", quotes=False)
    return Point(
        measurement,
        {name: _plain(value) for name, value in (_cut(tag, "=", quotes=False) for tag in tags)},
        {name: _value(value) for name, value in (_cut(field, "=") for field in _cut(fields, ","))},
        int(time),
    )


def _cut(text: str, separator: str, *, quotes: bool = True) -> list[str]:
    """Cut at separators that are neither escaped nor inside quotes; in tags quotes mean nothing."""
    pieces, current, quoted, place = [], "", False, 0
    while place < len(text):
        mark = text[place]
        if mark == "\\" and place + 1 < len(text):
            current += text[place : place + 2]
            place += 2
            continue
        quoted ^= quotes and mark == '"'
        if mark == separator and not quoted:
            pieces.append(current)
            current = ""
        else:
            current += mark
        place += 1
    return [*pieces, current]


def _plain(value: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", value)


def _value(text: str) -> Any:
    if text.startswith('"'):
        assert text.endswith('"')
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    return int(text[:-1]) if text.endswith("i") else float(text)


def _without_strings(text: str) -> str:
    return re.sub(r'"(\\.|[^"\\])*"', '""', text, flags=re.DOTALL)
