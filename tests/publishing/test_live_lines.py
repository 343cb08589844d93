"""Lines of real pipes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from streamscore_cli.publishing.live_lines import READ_BYTES, LiveLines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for end in (read_end, write_end):
        try:
            os.close(end)
        except OSError:
            continue


def test_lines_come_one_by_one_and_say_whether_there_is_another(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    lines = LiveLines(read_end)
    assert not lines.has_line()
    os.write(write_end, b"first\nsecond\nthi")
    assert next(lines) == b"first\n"
    assert lines.has_line()
    assert next(lines) == b"second\n"
    assert not lines.has_line()
    os.write(write_end, b"rd\n")
    assert lines.has_line()
    assert next(lines) == b"third\n"


def test_the_last_line_needs_no_line_feed(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    os.write(write_end, b"\na\nlast")
    os.close(write_end)
    assert list(LiveLines(read_end)) == [b"\n", b"a\n", b"last"]


def test_a_line_longer_than_one_read_stays_whole() -> None:
    read_end = os.memfd_create("long")
    line = b"x" * (READ_BYTES * 2) + b"\n"
    os.write(read_end, line + b"y\n")
    os.lseek(read_end, 0, os.SEEK_SET)
    assert list(LiveLines(read_end)) == [line, b"y\n"]
    os.close(read_end)


def test_it_ends_when_a_stop_is_asked_for(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    stop_read, stop_write = os.pipe()
    lines = LiveLines(read_end, stop_read)
    os.write(write_end, b"first\nhal")
    assert next(lines) == b"first\n"
    os.write(stop_write, b"!")
    assert list(lines) == [b"hal"]
    os.close(stop_read)
    os.close(stop_write)
