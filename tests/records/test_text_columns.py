"""Rows of text columns are their pieces joined, however long each text is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.records.text_columns import Chosen, Piece, TextColumn, every, joined, numbers, rows_of

COUNTS = (1, 2, 77, 300)
LENGTHS = ((0,), (3,), (1, 2), (0, 1, 30, 33), (1, 100), (5, 40, 41, 700), tuple(range(200)), (2, 70_000))


def texts(dice: random.Random, lengths: tuple[int, ...], count: int) -> list[bytes]:
    return [dice.randbytes(dice.choice(lengths)) for _ in range(count)]


@st.composite
def columns(draw: st.DrawFn, count: int) -> tuple[Piece, list[bytes]]:
    """Return a piece, and the text that it has in each row."""
    dice = draw(st.randoms(use_true_random=True))
    lengths = draw(st.sampled_from(LENGTHS))
    match draw(st.sampled_from(["same", "fixed", "each", "chosen"])):
        case "same":
            (text,) = texts(dice, lengths, 1)
            return text, [text] * count
        case "fixed":
            wanted = texts(dice, (5,), count)
            return np.frombuffer(b"".join(wanted), "V5"), wanted
        case "each":
            wanted = texts(dice, lengths, count)
            return TextColumn.of(wanted), wanted
        case _:
            known = texts(dice, lengths, draw(st.sampled_from([1, 3, 9, 80])))
            index = np.array(dice.choices(range(len(known)), k=count), np.intp)
            return Chosen(known, index), [known[place] for place in index.tolist()]


@settings(deadline=None)
@given(st.data(), st.sampled_from(COUNTS))
def test_rows_are_their_pieces(data: st.DataObject, count: int) -> None:
    found = data.draw(st.lists(columns(count), min_size=1, max_size=6))
    pieces = [piece for piece, _ in found]
    wanted = list(map(b"".join, zip(*(texts for _, texts in found), strict=True)))
    assert rows_of(pieces, count) == wanted
    backwards = np.arange(count)[::-1]
    assert rows_of([b"<", joined(pieces, count).take(backwards), b">"], count) == [
        b"<%b>" % row for row in wanted[::-1]
    ]


def test_rows_of_more_bytes_than_are_laid_out_at_once() -> None:
    wanted = [b"%d" % row * (row % 90 + 1) for row in range(20_000)]
    index = np.arange(len(wanted))
    assert sum(map(len, wanted)) > 2 << 20
    assert rows_of([b"[", Chosen(wanted, index), b"]"], len(wanted)) == [b"[%b]" % row for row in wanted]


@pytest.mark.parametrize(
    "tokens",
    [
        [b"7"],
        [b"10", b"11", b"99"],
        [b"9", b"10"],
        [b"123", b"1", b"2"],
        [b"1", b"2", b"123"],
        [b"1", b"22", b"333"],
        [b"1" * 40, b"2"],
        [b"2", b"1" * 60],
    ],
)
def test_numbers_are_taken_apart(tokens: list[bytes]) -> None:
    column = numbers(b"[" + b",".join(tokens) + b"]", len(tokens))
    assert rows_of([column], len(tokens)) == tokens
    assert rows_of([b"x" * 30, column], len(tokens)) == [b"x" * 30 + token for token in tokens]
    assert isinstance(column, np.ndarray) == (len(set(map(len, tokens))) == 1)
    assert rows_of([every(column, slice(None, None, 2))], len(tokens[::2])) == tokens[::2]


def test_two_choices_side_by_side_are_one() -> None:
    first, second = Chosen([b"a", b"bb"], np.array([0, 1, 1, 0])), Chosen([b"1", b"22", b"3"], np.array([2, 0, 1, 2]))
    both = first.before(second)
    assert sorted(both.known) == [b"a3", b"bb1", b"bb22"]
    assert [both.known[place] for place in both.index] == [b"a3", b"bb1", b"bb22", b"a3"]
