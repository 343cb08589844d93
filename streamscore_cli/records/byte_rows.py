"""Rows of bytes put together from pieces, a batch at a time; what the pieces mean is decided elsewhere.

A batch is a matrix of bytes: one template row, with columns written into it, taken apart at once. A text that differs
in length stands at the left edge, filled up on its left, so that all behind it has one place and only the edge is cut.
Rows with more such texts `text_columns` puts together. Rows that have other pieces than most are written apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows, all_rows
from streamscore_cli.core.payloads import Payloads
from streamscore_cli.records.text_columns import Chosen, rows_of

_CHUNK_BYTES = 1 << 19
"""As many bytes are laid out at once as a core's cache holds."""

_MOST_FILLED = 64
_WIDEST_FILLED = 512
"""More different texts, or longer ones, are not filled up: they are joined to the rest."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, of shape (rows,) or (rows, width), that are written as `kind` (a NumPy type)."""

    array: NDArray[Any]
    kind: str

    @property
    def width(self) -> int:
        """Return how many bytes a row has."""
        return np.dtype(self.kind).itemsize * (self.array.shape[1] if self.array.ndim > 1 else 1)

    def take(self, rows: Rows) -> Numbers:
        """Return some rows."""
        return Numbers(self.array[rows], self.kind)

    def column(self, rows: slice) -> NDArray[Any]:
        """Return what is to be written into some rows."""
        return self.array[rows]


@dataclass(frozen=True, slots=True)
class Picked:
    """A column of bytes that all have one width: of row i `table[index[i]]`."""

    table: NDArray[np.void]
    index: Rows

    @classmethod
    def of(cls, known: Sequence[bytes], index: Rows) -> Picked:
        """Return the column that has `known[index[i]]` in row i; all of `known` have one width."""
        return cls(np.frombuffer(b"".join(known), f"V{len(known[0])}"), index)

    @property
    def kind(self) -> str:
        """Return the type of the table, with its width."""
        return f"V{self.width}"

    @property
    def width(self) -> int:
        """Return how many bytes a row has."""
        return self.table.itemsize

    def take(self, rows: Rows) -> Picked:
        """Return some rows."""
        return Picked(self.table, self.index[rows])

    def column(self, rows: slice) -> NDArray[Any]:
        """Return what is to be written into some rows."""
        return self.table[self.index[rows]]


@dataclass(frozen=True, slots=True)
class Texts:
    """Row i has the bytes `known[index[i]]`, which differ in width; `widest` is the greatest."""

    known: Sequence[bytes]
    index: Rows

    @property
    def widest(self) -> int:
        """Return the number of bytes of the longest."""
        return max(map(len, self.known))

    def take(self, rows: Rows) -> Texts:
        """Return some rows."""
        return Texts(self.known, self.index[rows])

    def after(self, begin: bytes) -> Texts:
        """Return the same texts, each behind `begin`."""
        return Texts([begin + text for text in self.known], self.index) if begin else self


Fixed = bytes | Numbers | Picked
"""A piece with one width; plain bytes are the same in all rows."""

Piece = Fixed | Texts


@dataclass(frozen=True, slots=True)
class Choice:
    """Row i ends with the pieces `options[codes[i]]`; a code that no row has needs none."""

    codes: Rows
    options: Mapping[int, Sequence[Fixed]]

    @classmethod
    def only(cls, pieces: Sequence[Fixed], length: int) -> Choice:
        """Return the choice that all rows have alike."""
        return cls(np.zeros(length, np.intp), {0: pieces})


def texts(known: Sequence[bytes], index: Rows) -> Piece:
    """Return the column that has `known[index[i]]`, none of them empty, in row i, as what is written fastest."""
    if len(known) == 1:
        return known[0]
    return Picked.of(known, index) if len(set(map(len, known))) == 1 else Texts(known, index)


def byte_rows(pieces: Sequence[Piece], ends: Choice) -> Payloads:
    """Return a row of all pieces, in order, and of its end for each of `ends`."""
    codes, options = ends.codes, ends.options
    usual = next(iter(options)) if len(options) == 1 else int(np.bincount(codes).argmax())
    parts = [_rows([*pieces, *options[usual]], len(codes))]
    places, count = all_rows(len(codes)), len(codes)
    for code, option in options.items():
        if code != usual:
            rows = np.flatnonzero(codes == code)
            every = [piece if isinstance(piece, bytes) else piece.take(rows) for piece in (*pieces, *option)]
            parts.append(_rows(every, len(rows)))
            places[rows] = np.arange(count, count + len(rows))
            count += len(rows)
    return parts[0] if len(parts) == 1 else Payloads.together(parts).take(places)


@dataclass(slots=True)
class _Strip:
    """Columns that are laid out together, behind a text that differs in length."""

    text: Texts | None = None
    fixed: list[Fixed] = field(default_factory=list)

    @property
    def constant(self) -> bytes | None:
        """Return the bytes that all rows have, if there is nothing else."""
        alike = [piece for piece in self.fixed if isinstance(piece, bytes)]
        return b"".join(alike) if self.text is None and len(alike) == len(self.fixed) else None

    def rows(self, length: int) -> Payloads:
        """Return the bytes of each row."""
        text = self.text
        if text is not None and not self.fixed:
            return Payloads.of(text.known).take(text.index)
        pieces = self.fixed
        filled = np.zeros(length, np.int64)
        if text is not None:
            widest = text.widest
            pieces = [Picked.of([item.rjust(widest) for item in text.known], text.index), *pieces]
            filled = (widest - np.fromiter(map(len, text.known), np.int64, len(text.known)))[text.index]
        template = b"".join([piece if isinstance(piece, bytes) else bytes(piece.width) for piece in pieces])
        width = len(template)
        step = _CHUNK_BYTES // width + 1
        parts = []
        for begin in range(0, length, step):
            rows = slice(begin, min(begin + step, length))
            more = filled[rows]
            places = np.arange(0, len(more) * width, width)
            parts.append(Payloads.within(_matrix(template, pieces, rows), places + more, width - more))
        return Payloads.together(parts)


def _rows(pieces: Sequence[Piece], length: int) -> Payloads:
    """Return the rows of pieces, in as few strips as their texts allow."""
    strips = [_Strip()]
    for piece in pieces:
        if not isinstance(piece, Texts):
            strips[-1].fixed.append(piece)
            continue
        begin = strips[-1].constant
        if begin is not None:
            strips.pop()
        text = piece.after(begin or b"")
        strips.append(_Strip(text))
        if len(text.known) > _MOST_FILLED or text.widest > _WIDEST_FILLED:
            strips.append(_Strip())
    filled = [strip for strip in strips if strip.text or strip.fixed]
    return filled[0].rows(length) if len(filled) == 1 else rows_of([_column(piece) for piece in pieces], length)


def _column(piece: Piece) -> bytes | NDArray[np.void] | Chosen:
    """Return a piece as what rows of several texts are put together from."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, Texts):
        return Chosen(piece.known, piece.index)
    column = np.ascontiguousarray(piece.column(slice(None)), piece.kind)
    return column.reshape(len(column), -1).view(f"V{piece.width}").ravel()


def _matrix(template: bytes, pieces: Sequence[Fixed], rows: slice) -> bytearray:
    """Lay out some rows."""
    width, start = len(template), 0
    matrix: bytearray = bytearray(template) * int(rows.stop - rows.start)
    for piece in pieces:
        if not isinstance(piece, bytes):
            column = piece.column(rows)
            strides = (width, np.dtype(piece.kind).itemsize)[: column.ndim]
            np.ndarray(column.shape, piece.kind, matrix, start, strides)[...] = column
        start += _width(piece)
    return matrix


def _width(piece: Fixed) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.width
