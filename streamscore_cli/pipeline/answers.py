"""Answers of offline scoring as cells, CSV and JSON lines; it scores nothing and opens no file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.columns import integers
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.results import encoder_for
from streamscore_cli.records.scored_rows import ScoredRows


class AnswerTable:
    """Answers as rows of cells under one header, which the first part decides."""

    def __init__(self) -> None:
        self._labels: tuple[str, ...] | None = None
        self._outputs: tuple[str, ...] = ()

    def lines(self, scored: ScoredRows) -> Iterator[Sequence[Any]]:
        """Return line, result, probabilities and further outputs of each row, None where missing; first the header."""
        scores = scored.scores
        if self._labels is None:
            self._labels, self._outputs = scores.labels, tuple(scores.outputs)
            yield ["line", "result", *(f"probability({label})" for label in scores.labels), *scores.outputs]
        columns: list[Sequence[Any]] = [integers(scored.offsets).tolist(), scores.result.tolist()]
        columns += self._probabilities(scores)
        columns += [_column(scores.outputs, name, len(scored)) for name in self._outputs]
        for row in zip(*columns, strict=True):
            yield tuple(None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row)

    def _probabilities(self, scores: Scores) -> list[Sequence[Any]]:
        if scores.probabilities is None:
            return [[None] * len(scores) for _ in self._labels or ()]
        by_label = dict(zip(scores.labels, scores.probabilities.T.tolist(), strict=True))
        return [by_label.get(label, [None] * len(scores)) for label in self._labels or ()]


def _column(outputs: Mapping[str, Any], name: str, length: int) -> Sequence[Any]:
    array = outputs.get(name)
    return [None] * length if array is None else array.tolist()


class JsonAnswers:
    """Answers as JSON lines, each as in the results topic: the topic is the file, the offset the line."""

    def __init__(self) -> None:
        self._encoder = encoder_for(ResultFormat.JSON)

    def encode(self, scored: ScoredRows) -> str:
        """Return the lines of one part."""
        return "".join(f"{body.decode()}\n" for body in self._encoder.encode(scored.alone()))


class CsvAnswers:
    """Answers as CSV text: numbers at full precision, true and false, nothing for missing."""

    def __init__(self) -> None:
        self._table = AnswerTable()

    def encode(self, scored: ScoredRows) -> str:
        """Return the lines of one part, with the header before the first."""
        text = io.StringIO()
        lines = self._table.lines(scored)
        csv.writer(text, lineterminator="\n").writerows([_cell(cell) for cell in line] for line in lines)
        return text.getvalue()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
