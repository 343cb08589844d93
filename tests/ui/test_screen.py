"""Frames and keys of a terminal: one write a frame, the names of what is pressed."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from streamscore_cli.ui.console import make_console
from streamscore_cli.ui.fitting import Column, fit
from streamscore_cli.ui.screen import LEAVE, Keyboard, Screen, keys_of
from streamscore_cli.ui.sparkline import BARS, PLAIN_BARS, sparkline


class Recording(io.StringIO):
    """A terminal that remembers each write."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text.encode(self.encoding)
        self.writes += [text] if text else []
        return len(text)


class AsciiOnly(Recording):
    encoding = "ascii"


def test_a_frame_is_one_write_that_erases_nothing_before_it_is_drawn_over() -> None:
    stream = Recording()
    with Screen(make_console(stream, coloured=False, width=20)) as screen:
        screen.show([Text("one", style="red"), Text(), Text("three")])
    _, frame, last = stream.writes
    assert frame == "\x1b[?2026h\x1b[Hone\x1b[K\r\n\x1b[K\r\nthree\x1b[K\x1b[J\x1b[?2026l"
    assert last == LEAVE


def test_a_terminal_that_knows_ascii_only_gets_ascii() -> None:
    stream = AsciiOnly()
    Screen(make_console(stream, coloured=False, width=20)).show([Text("a … b")])
    assert "a ? b" in stream.writes[0]


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("sq/", ["s", "q", "/"]),
        ("\x1b[A\x1b[B\x1bOA\x1b[5~", ["up", "down", "up", "page-up"]),
        ("\x1b", ["escape"]),
        ("\x1b[15~x\x1b[1;5Cy", ["x", "y"]),
        ("ab\x7f\r", ["a", "b", "backspace", "enter"]),
        ("\x00\x01é", ["é"]),
    ],
)
def test_keys_have_names(sent: str, keys: list[str]) -> None:
    assert keys_of(sent) == keys


def test_without_a_terminal_there_are_no_keys() -> None:
    with Keyboard(io.StringIO()) as keyboard:
        assert not keyboard.present


def test_sparklines_reach_from_zero_to_the_largest() -> None:
    assert sparkline([0, 1, 4, 8], 10) == "▁▁▄█"
    assert sparkline([5, 8, 8], 2) == "██"
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([], 5) == sparkline([1], 0) == ""
    assert set(sparkline(range(100), 100, ascii_only=True)) == set(PLAIN_BARS)
    assert set(sparkline(range(100), 100)) == set(BARS)


def test_columns_are_left_out_in_their_order_and_the_last_is_cut() -> None:
    columns = (Column("A", 1), Column("NUMBER", 2, number=True), Column("K"), Column("NAME"))
    rows = [("aaaaaaaaaa", "1", "k", "n" * 30), ("a", "222", "kk", "x")]
    wide, middle, narrow = (fit(columns, rows, width) for width in (60, 38, 25))
    assert wide[0].plain == "A           NUMBER  K   NAME"
    assert middle[0].plain == "A           K   NAME"
    assert [line.plain for line in narrow] == ["K   NAME", "k   " + "n" * 20 + "…", "kk  x"]
