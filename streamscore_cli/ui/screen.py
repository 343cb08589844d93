"""The full screen of a terminal, a frame at a time in one write each, and its keys; what it shows is elsewhere."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import Console
from rich.text import Text

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?25h\x1b[?1049l"
BEGIN, END = "\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"
"""A frame is drawn over the one before, and shown at once by terminals that know synchronised output."""

_END_OF_LINE = "\x1b[K"

KEYS = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\x1b[5~": "page-up", "\x1b[6~": "page-down",
    "\x1b[H": "home", "\x1b[F": "end", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace",
    "\x1b": "escape",
}  # fmt: skip
"""What terminals send for keys that are no characters."""


class Screen:
    """The alternate screen as a context manager: what was there before is there again afterwards."""

    def __init__(self, console: Console) -> None:
        """Draw on the stream of `console`, in its colours."""
        self._console = console
        self._stream = console.file

    @property
    def size(self) -> tuple[int, int]:
        """Return columns and lines, as of now."""
        width, height = self._console.size
        return width, height

    def show(self, lines: Sequence[Text]) -> None:
        """Draw a frame; `lines` must be no more and no wider than the screen."""
        with self._console.capture() as captured:
            for line in lines:
                self._console.print(line, end="\n", no_wrap=True, crop=True)
        drawn = captured.get().rstrip("\n").replace("\n", f"{_END_OF_LINE}\r\n")
        self._write(f"{BEGIN}{drawn}{_END_OF_LINE}{END}")

    def __enter__(self) -> Self:
        self._write(ENTER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write(LEAVE)

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


class Keyboard:
    """The keys of a terminal one by one, as a context manager; without a terminal there are none."""

    def __init__(self, stream: TextIO) -> None:
        """Read from `stream`."""
        self._stream = stream
        self._before: list[Any] | None = None

    @property
    def present(self) -> bool:
        """Tell whether keys can be read."""
        return self._before is not None

    def wait(self, seconds: float, also: int) -> list[str]:
        """Wait this long for keys, or until the descriptor `also` is readable; return the names of the keys."""
        own = [self._stream.fileno()] if self._before is not None else []
        ready, _, _ = select.select([also, *own], [], [], max(seconds, 0.0))
        if not own or own[0] not in ready:
            return []
        sent = os.read(own[0], 1024)
        if not sent:  # the terminal has gone
            self._before = None
        return keys_of(sent.decode("utf-8", "ignore"))

    def __enter__(self) -> Self:
        if self._stream.isatty():
            import termios
            import tty

            descriptor = self._stream.fileno()
            self._before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(self._stream.fileno(), termios.TCSADRAIN, self._before)
            self._before = None


def keys_of(sent: str) -> list[str]:
    """Return the keys in what a terminal sent: characters as they are, others by name, unknown ones not at all."""
    keys = []
    while sent:
        known = next((code for code in sorted(KEYS, key=len, reverse=True) if sent.startswith(code)), "")
        if known == "\x1b" and len(sent) > 1 and sent[1] in "[O":  # a sequence that we do not know
            sent = sent[2:].lstrip("0123456789;?")[1:]
            continue
        keys.append(KEYS.get(known, sent[0]))
        sent = sent[len(known) or 1 :]
    return [key for key in keys if len(key) > 1 or key.isprintable()]
