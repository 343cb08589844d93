"""Texts of differing length in one buffer, and rows joined from them with no object for each; it knows no format.

Rows are laid out from their last piece to their first. A piece is copied for all rows with the width of its longest
text, so that a shorter one brings bytes that stand before it; they fall on what is written next, or between the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.payloads import Payloads

_GAP = 32
"""So many bytes between rows take up what a first text brings with it: no number as JSON is longer."""

_FEW = 64
"""Constants are copied to so many known texts, rather than to each row."""

_CHUNK_BYTES = 1 << 21
"""As many bytes are laid out at once: fewer would fit a core's cache, and cost more calls than that is worth."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Text i is the `lengths[i]` bytes of `buffer` before `ends[i]`.

    No text is shorter than `shortest` or longer than `longest`, and no end is nearer to the begin of the buffer.
    """

    buffer: Bytes
    ends: Rows
    lengths: Rows
    shortest: int
    longest: int

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> TextColumn:
        """Return a column of these texts."""
        widths = list(map(len, texts))
        longest = max(widths)
        lengths = np.array(widths, np.intp)
        buffer = np.frombuffer(b"".join([bytes(longest), *texts]), np.uint8)
        return cls(buffer, lengths.cumsum() + longest, lengths, min(widths), longest)

    @classmethod
    def listed(cls, text: bytes) -> TextColumn:
        """Return the texts between commas, all of them in one pair of brackets."""
        buffer = np.frombuffer(bytes(_GAP) + text, np.uint8)
        around = buffer == ord(",")
        around[[_GAP, -1]] = True
        at = around.nonzero()[0]
        ends = at[1:]
        lengths = ends - at[:-1] - 1
        longest = int(lengths.max())
        if longest > _GAP:
            return cls(np.concatenate([np.zeros(longest, np.uint8), buffer]), ends + longest, lengths, 0, longest)
        return cls(buffer, ends, lengths, int(lengths.min()), longest)

    def take(self, rows: Rows | slice) -> TextColumn:
        """Return the texts at `rows`; none is copied."""
        return TextColumn(self.buffer, self.ends[rows], self.lengths[rows], self.shortest, self.longest)

    def write(self, buffer: Bytes, to: Rows, room: int) -> Rows:
        """Write the texts so that they end at `to`, and return where they begin.

        `room` bytes before each may be lost. Where that is not enough, what texts have more than the shortest is copied
        by the powers of two that are in its length.
        """
        shortest = self.shortest
        if self.longest - shortest <= room:
            _copy(buffer, to, self, self.longest)
            return to - self.lengths
        _copy(buffer, to, self, shortest)
        more = self.lengths - shortest
        for power in range(int(more.max()).bit_length()):
            bit = 1 << power
            rows = (more & bit).nonzero()[0]
            behind = shortest + (more[rows] & (bit - 1))
            _copy(buffer, to[rows] - behind, self.take(rows), bit, behind)
        return to - self.lengths


@dataclass(frozen=True, slots=True)
class Chosen:
    """Row i has `known[index[i]]`."""

    known: Sequence[bytes]
    index: Rows

    @property
    def few(self) -> bool:
        """Return whether the texts are few enough to be joined to what stands beside them."""
        return len(self.known) <= _FEW

    def within(self, begin: bytes, end: bytes) -> Chosen:
        """Return the same texts between two others."""
        return Chosen([begin + text + end for text in self.known], self.index)

    def before(self, other: Chosen) -> Chosen:
        """Return the texts of both as one; both have few."""
        pairs = self.index * len(other.known) + other.index
        used = np.bincount(pairs)
        met = used.nonzero()[0]
        used[met] = np.arange(len(met))
        pieces = [divmod(pair, len(other.known)) for pair in met.tolist()]
        return Chosen([self.known[first] + other.known[second] for first, second in pieces], used[pairs])

    def column(self) -> TextColumn:
        """Return the texts of all rows."""
        return TextColumn.of(self.known).take(self.index)


Fixed = bytes | NDArray[np.void]
"""A piece that has one width in all rows: the same for each, or one for each."""

Piece = Fixed | TextColumn | Chosen


def numbers(listed: bytes, count: int) -> NDArray[np.void] | TextColumn:
    """Take `count` texts apart that stand between brackets and commas."""
    width, more = divmod(len(listed) - 1, count)
    if not more:
        behind = np.ndarray((count,), np.uint8, listed, width, (width,))
        if (behind[:-1] == ord(",")).all():
            return np.ndarray((count,), f"V{width - 1}", listed, 1, (width,))
    return TextColumn.listed(listed)


def every(column: NDArray[np.void] | TextColumn, rows: slice) -> NDArray[np.void] | TextColumn:
    """Return some rows of a column."""
    return column.take(rows) if isinstance(column, TextColumn) else column[rows]


def joined(pieces: Sequence[Piece], length: int) -> TextColumn:
    """Return the pieces of each of `length` rows, in order, as one text; there is at least one row."""
    return _joined(_columns(pieces), length)


def rows_of(pieces: Sequence[Piece], length: int) -> Payloads:
    """Return the pieces of each of `length` rows, in order, as one message."""
    columns = _columns(pieces)
    width = sum(int(c.lengths.sum()) // length if isinstance(c, TextColumn) else _width(c) for c in columns)
    step = _CHUNK_BYTES // (width + _GAP) + 1
    parts = []
    for begin in range(0, length, step):
        chunk = slice(begin, min(begin + step, length))
        taken = [column if isinstance(column, bytes) else every(column, chunk) for column in columns]
        texts = _joined(taken, chunk.stop - begin)
        parts.append(Payloads.within(texts.buffer, texts.ends - texts.lengths, texts.lengths))
    return Payloads.together(parts)


def _width(fixed: Fixed) -> int:
    return len(fixed) if isinstance(fixed, bytes) else fixed.itemsize


def _columns(pieces: Sequence[Piece]) -> list[Fixed | TextColumn]:
    """Return fewer pieces: constants become one, and part of the choices beside them."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(last, bytes) and isinstance(piece, bytes):
            found[-1] = last + piece
        elif isinstance(last, bytes) and isinstance(piece, Chosen) and piece.few:
            found[-1] = piece.within(last, b"")
        elif isinstance(last, Chosen) and isinstance(piece, bytes) and last.few:
            found[-1] = last.within(b"", piece)
        elif isinstance(last, Chosen) and isinstance(piece, Chosen) and last.few and piece.few:
            found[-1] = last.before(piece)
        else:
            found.append(piece)
    return [piece.column() if isinstance(piece, Chosen) else piece for piece in found]


def _joined(columns: Sequence[Fixed | TextColumn], length: int) -> TextColumn:
    """Return the columns of each row as one text."""
    columns = _fewer(columns, length)
    shortest = [column.shortest if isinstance(column, TextColumn) else _width(column) for column in columns]
    lengths = np.full(length, sum(_width(column) for column in columns if not isinstance(column, TextColumn)), np.intp)
    for column in columns:
        if isinstance(column, TextColumn):
            lengths += column.lengths
    longest = int(lengths.max())
    ends = (lengths + _GAP).cumsum()
    ends += longest
    buffer = np.empty(int(ends[-1]), np.uint8)
    to, before = ends, sum(shortest)
    for column, least in zip(reversed(columns), reversed(shortest), strict=True):
        before -= least
        if isinstance(column, TextColumn):
            to = column.write(buffer, to, before + _GAP)
        elif least:
            to = to - least
            _windows(buffer, least)[to] = np.frombuffer(column, f"V{least}") if isinstance(column, bytes) else column
    return TextColumn(buffer, ends, lengths, sum(shortest), longest)


def _fewer(columns: Sequence[Fixed | TextColumn], length: int) -> list[Fixed | TextColumn]:
    """Return columns of which those of one width that follow each other are one."""
    fewer: list[Fixed | TextColumn] = []
    run: list[Fixed] = []
    for column in columns:
        if isinstance(column, TextColumn):
            fewer += [*_together(run, length), column]
            run = []
        else:
            run.append(column)
    return [*fewer, *_together(run, length)]


def _together(fixed: Sequence[Fixed], length: int) -> Sequence[Fixed]:
    """Return columns of one width each as one, if there are any that differ by row."""
    if all(isinstance(piece, bytes) for piece in fixed):
        return fixed
    template = b"".join([piece if isinstance(piece, bytes) else bytes(piece.itemsize) for piece in fixed])
    matrix = bytearray(template) * length
    start = 0
    for piece in fixed:
        if not isinstance(piece, bytes):
            np.ndarray((length,), piece.dtype, matrix, start, (len(template),))[...] = piece
        start += _width(piece)
    return [np.frombuffer(matrix, f"V{len(template)}")]


def _copy(buffer: Bytes, to: Rows, column: TextColumn, width: int, behind: Rows | int = 0) -> None:
    """Copy `width` bytes of each text, all but the last `behind`, with what stands before shorter ones."""
    if width:
        _windows(buffer, width)[to - width] = _windows(column.buffer, width)[column.ends - (behind + width)]


def _windows(buffer: Bytes, width: int) -> NDArray[Any]:
    """Return `width` bytes at each place, as one value."""
    return np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, 0, (1,))
