"""Rows of bytes are their pieces joined, however they are laid out."""

from __future__ import annotations

import struct
from itertools import chain

import numpy as np
import pytest

from streamscore_cli.records.byte_rows import Choice, Fixed, Numbers, Picked, Piece, Texts, byte_rows, texts

COUNT = 300
INDEX = np.arange(COUNT) % 3


def joined(*columns: list[bytes]) -> list[bytes]:
    return [b"".join(row) for row in zip(*columns, strict=True)]


def cycled(*values: bytes) -> list[bytes]:
    return [values[row % len(values)] for row in range(COUNT)]


def doubles(*columns: int) -> list[bytes]:
    return [struct.pack(f"<{len(columns)}d", *(row + column for column in columns)) for row in range(COUNT)]


MATRIX = Numbers(np.arange(COUNT)[:, None] + np.array([1.0, 2.0]), "<f8")


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ([b"same"], cycled(b"same")),
        ([b"a", MATRIX, b"bc"], joined(cycled(b"a"), doubles(1, 2), cycled(b"bc"))),
        ([texts([b"one"], INDEX * 0), MATRIX], joined(cycled(b"one"), doubles(1, 2))),
        ([b"<", texts([b"one", b"two", b"ten"], INDEX), b">"], cycled(b"<one>", b"<two>", b"<ten>")),
        ([b"<", texts([b"1", b"two", b"three"], INDEX), b">"], cycled(b"<1>", b"<two>", b"<three>")),
        ([texts([b"1", b"two", b"three"], INDEX)], cycled(b"1", b"two", b"three")),
        (
            [b"<", texts([b"1", b"x" * 2000, b"three"], INDEX), MATRIX],
            joined(cycled(b"<1", b"<" + b"x" * 2000, b"<three"), doubles(1, 2)),
        ),
        (
            [MATRIX, b"-", texts([b"1", b"two", b"three"], INDEX), b"-", texts([b"", b"4", b"5"], INDEX), MATRIX],
            joined(doubles(1, 2), cycled(b"-1-", b"-two-4", b"-three-5"), doubles(1, 2)),
        ),
    ],
)
def test_rows_are_their_pieces(pieces: list[Piece], wanted: list[bytes]) -> None:
    assert byte_rows(pieces, Choice.only([], COUNT)) == wanted
    assert byte_rows(pieces, Choice.only([b"end"], COUNT)) == [row + b"end" for row in wanted]


def test_each_row_has_the_end_of_its_code() -> None:
    options: dict[int, list[Fixed]] = {0: [b"zero"], 2: [b"two", Numbers(np.arange(COUNT), "<i4")], 7: []}
    codes = np.array([0, 2, 7, 2], np.intp)[np.arange(COUNT) % 4]
    pieces: list[Piece] = [b"<", texts([b"1", b"two", b"three"], INDEX), Picked.of([b"a", b"b", b"c"], INDEX), MATRIX]
    ends = [{0: b"zero", 2: b"two" + struct.pack("<i", row), 7: b""}[code] for row, code in enumerate(codes.tolist())]
    begin = joined(cycled(b"<1a", b"<twob", b"<threec"), doubles(1, 2))
    assert byte_rows(pieces, Choice(codes, options)) == joined(begin, ends)


def test_rows_of_more_bytes_than_are_laid_out_at_once() -> None:
    wide = [bytes([65 + row]) * (5000 + row) for row in range(3)]
    alike = [bytes([65 + row]) * 5000 for row in range(3)]
    assert byte_rows([texts(wide, INDEX), MATRIX], Choice.only([], COUNT)) == joined(cycled(*wide), doubles(1, 2))
    assert byte_rows([texts(alike, INDEX), MATRIX], Choice.only([], COUNT)) == joined(cycled(*alike), doubles(1, 2))


def test_texts_of_one_width_are_columns() -> None:
    assert isinstance(texts([b"a", b"b"], INDEX), Picked)
    assert isinstance(texts([b"a", b"bb"], INDEX), Texts)
    assert list(chain([texts([b"a"], INDEX)])) == [b"a"]
