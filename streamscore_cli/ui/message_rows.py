"""Results and dead letters, given as their JSON, as rows for people; it reads no topic and decodes no bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from streamscore_cli.ui.console import make_table

Json = Mapping[str, Any]

SHOWN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Layout:
    """The headings of a table, the least width of each column, and how a message becomes a row."""

    headings: tuple[str, ...]
    widths: tuple[int, ...]
    row: Callable[[Json], tuple[object, ...]]


def _result_row(body: Json) -> tuple[object, ...]:
    model, result = body["model"], body["result"]
    shown = f"{result:.{SHOWN_DIGITS}g}" if isinstance(result, float) else result
    return body["data_type"], "" if shown is None else shown, model["name"], model["version"], _place(body["source"])


def _dead_letter_row(body: Json) -> tuple[object, ...]:
    return _place(body), body["stage"], body["cause"], body["reason"]


def _place(source: Json) -> str:
    return f"{source['topic']}[{source['partition']}]@{source['offset']}"


RESULTS = Layout(("DATA TYPE", "RESULT", "MODEL", "VERSION", "RECORD"), (9, 8, 41, 7, 0), _result_row)
DEAD_LETTERS = Layout(("RECORD", "STAGE", "CAUSE", "REASON"), (20, 6, 12, 0), _dead_letter_row)


class MessageTable:
    """Prints messages as they come, in columns that stay in place, under one header."""

    def __init__(self, console: Console, layout: Layout) -> None:
        self._console = console
        self._layout = layout
        self._begun = False

    def show(self, times_ms: Sequence[int], bodies: Sequence[Json]) -> None:
        """Print one row a message, with the time at which it was written."""
        if not bodies:
            return
        rows = [(_clock(time_ms), *self._layout.row(body)) for time_ms, body in zip(times_ms, bodies, strict=True)]
        table = make_table(("TIME", *self._layout.headings), rows)
        table.show_header = not self._begun
        for column, width in zip(table.columns[1:], self._layout.widths, strict=True):
            column.min_width = width or None
        self._console.print(table)
        self._begun = True


def _clock(time_ms: int) -> str:
    return "" if time_ms < 0 else datetime.fromtimestamp(time_ms / 1000, UTC).astimezone().strftime("%H:%M:%S")
