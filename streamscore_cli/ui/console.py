"""Consoles and tables for people and for pipes; it knows no command and opens no stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamscore_cli.core.printable import printable

PIPE_WIDTH = 10_000
"""A pipe has no width: nothing is cut off or folded that a program reads."""


class PipeAwareConsole(Console):
    """A console that leaves a closed pipe to `main`, where rich would end the process with 1."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError


def make_console(stream: TextIO, *, coloured: bool, width: int | None = None) -> Console:
    """Return a console on `stream` without the guesses of rich: no markup, no highlights, no emoji.

    `width` is in columns; None asks the terminal, and is unlimited for what is no terminal.
    """
    interactive = stream.isatty()
    return PipeAwareConsole(
        file=stream,
        force_terminal=interactive,
        color_system="auto" if coloured else None,
        no_color=not coloured,
        width=width or (None if interactive else PIPE_WIDTH),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
    )


def make_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> Table:
    """Return a table without frames: readable at 80 columns, and by `awk` in a pipe.

    `numbers` names the columns that are aligned to the right; the last column folds, the others keep their
    width. Control characters in cells are shown as escapes, except in a `Text`.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in columns:
        last = name == columns[-1]
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=not last,
            overflow="fold" if last else "ellipsis",
        )
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(printable(str(cell))) for cell in row))
    return table
