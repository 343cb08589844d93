"""Scores the rows of one data type with one model and isolates the rows that it cannot take; it chooses no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streamscore_cli.core.columns import Columns, Rows, all_rows
from streamscore_cli.core.errors import SignatureMismatch, TimedOut
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.engine import Servable
from streamscore_cli.serving.binding import Names, bind

SPLIT_BUDGET = 128
"""Halvings for one batch of an engine that can only raise; what is not isolated by then is scored row by row."""


LATE_COST = 32
"""Halvings that one call counts for which did not end in time: the search for an endless row must end, too."""


@dataclass(frozen=True, slots=True)
class SlotScores:
    """`parts` answer the rows `parts[i].rows` of the columns given, in order; `failures` name the other rows."""

    parts: tuple[ScoredPart, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """Answers without failures, and the places of their rows; usually the one part of a batch."""

    scores: Scores
    rows: Rows


def score_slot(servable: Servable, columns: Columns, names: Names) -> SlotScores:
    """Bind and score `columns`; every row ends in a part or as a failure, and nothing raises for bad rows."""
    try:
        bound = bind(columns, servable.signature, names)
    except SignatureMismatch as error:
        failures = _all_failed(all_rows(columns.length), Stage.BIND, Cause.MISSING_INPUT, str(error))
        return SlotScores((), failures)
    parts: list[ScoredPart] = []
    failures_found = list(bound.failures)
    for scores, rows in _pieces(servable, bound.columns, bound.rows):
        if isinstance(scores, Scores):
            part, failed = _good_rows(scores, rows)
            failures_found.extend(failed)
            if len(part.rows):
                parts.append(part)
        else:
            reason = str(scores) or type(scores).__name__
            failures_found.extend(_all_failed(rows, Stage.SCORE, Cause.SCORING_FAILED, reason[:500]))
    return SlotScores(tuple(parts), tuple(failures_found))


def _pieces(servable: Servable, columns: Columns, rows: Rows) -> Iterator[tuple[Scores | Exception, Rows]]:
    budget = SPLIT_BUDGET
    waiting = [all_rows(columns.length)] if columns.length else []
    while waiting:
        piece = waiting.pop()
        budget -= 1
        answer = _attempt(servable, columns.take(piece))
        late = isinstance(answer, TimedOut)
        budget -= LATE_COST if late else 0
        if isinstance(answer, Scores) or len(piece) == 1 or (late and budget <= 0):
            yield answer, rows[piece]
        elif budget <= 0:
            waiting += [piece[place : place + 1] for place in reversed(range(len(piece)))]
        else:
            middle = len(piece) // 2
            waiting += [piece[middle:], piece[:middle]]


def _attempt(servable: Servable, columns: Columns) -> Scores | Exception:
    try:
        scores = servable.score(columns)
    except MemoryError:
        raise
    except Exception as error:
        return error
    if len(scores) != columns.length:
        return ValueError(f"the engine answered {len(scores)} rows of {columns.length}")
    return scores


def _good_rows(scores: Scores, rows: Rows) -> tuple[ScoredPart, list[Failure]]:
    if not scores.failures:
        return ScoredPart(scores, rows), []
    kept = np.ones(len(scores), dtype=bool)
    kept[[failure.row for failure in scores.failures]] = False
    good = np.flatnonzero(kept)
    failures = [failure.at(int(rows[failure.row])) for failure in scores.failures]
    return ScoredPart(scores.take(good), rows[good]), failures


def _all_failed(rows: Rows, stage: Stage, cause: Cause, reason: str) -> tuple[Failure, ...]:
    return tuple(Failure(row, stage, cause, reason) for row in rows.tolist())
