"""Bytes without objects, held against the objects."""

from __future__ import annotations

import gc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.payloads import Payloads, lengths_of

VALUES = st.lists(st.binary(max_size=30))


class _Text(bytes):
    """Bytes that are not exactly bytes, which are copied."""


@given(VALUES, VALUES)
def test_payloads_are_a_sequence_of_their_bytes(first: list[bytes], second: list[bytes]) -> None:
    together, wanted = Payloads.together([Payloads.of(first), Payloads.of(second)]), first + second
    assert list(together) == wanted
    assert [together[place] for place in range(len(together))] == wanted
    assert (len(together), together.longest) == (len(wanted), max(map(len, wanted), default=0))
    assert together[1:] == wanted[1:]
    assert together.take(np.arange(len(wanted))[::-1]) == wanted[::-1]
    assert together != [*wanted, b"more"]


@given(VALUES)
def test_any_bytes_will_do(values: list[bytes]) -> None:
    assert Payloads.of([_Text(value) for value in values]) == values
    assert Payloads.of(tuple(values)) == values


def test_what_holds_the_bytes_stays_as_long_as_they_are_wanted() -> None:
    def made(number: int) -> Payloads:
        buffer = bytearray(b"%06d" % number * 1000)
        parts = [Payloads.within(buffer, np.arange(0, 6000, 6), np.full(1000, 6)), Payloads.of([b"%06d" % number])]
        return Payloads.together(parts).take(np.array([5, 1000]))[0:2]

    payloads = [made(number) for number in range(200)]
    gc.collect()
    assert [list(part) for part in payloads] == [[b"%06d" % number] * 2 for number in range(200)]


def test_none_at_all() -> None:
    assert (len(Payloads.together([])), list(Payloads.of([])), Payloads.of([]).longest) == (0, [], 0)


@given(st.lists(st.one_of(st.none(), st.binary(max_size=30), st.binary(max_size=3).map(_Text))))
def test_lengths_are_those_of_the_values(values: list[bytes | None]) -> None:
    assert lengths_of(values).tolist() == [len(value or b"") for value in values]


def test_what_is_gone_through_stays_until_the_end() -> None:
    count = 20_000

    def made() -> Payloads:
        return Payloads.within(bytearray(b"".join(b"%08d" % at for at in range(count))), 8 * np.arange(count), eight)

    eight = np.full(count, 8)
    assert [int(value) for value in made()] == list(range(count))
    assert list(map(int, made())) == list(range(count))
