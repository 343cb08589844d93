"""Renderables as the plain text that a terminal of a given width shows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import RenderableType

from streamscore_cli.ui.console import make_console

SNAPSHOTS = Path(__file__).parent / "snapshots"


def plain(renderable: RenderableType, width: int) -> str:
    """Return what is shown, without the blanks at the ends of lines."""
    stream = io.StringIO()
    make_console(stream, coloured=False, width=width).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.fixture
def same_as_snapshot() -> Callable[[str, str], None]:
    """Return a check of a text against its file; UPDATE_SNAPSHOTS=1 writes the file, to be read before a commit."""

    def check(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
