"""Which objects a column has, and where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.distinct import distinct, few_keys

OBJECTS = [object() for _ in range(100)]


@given(st.lists(st.sampled_from(OBJECTS)))
def test_each_row_has_its_own_object(items: list[object]) -> None:
    column = np.empty(len(items), object)
    column[:] = items
    known, codes = distinct(column)
    assert [known[code] for code in codes.tolist()] == items
    assert len(known) == len(set(items))


@pytest.mark.parametrize("count", [1, 15, 16, 17, 100])
def test_few_or_many_are_told_apart(count: int) -> None:
    column = np.empty(5 * count, object)
    column[:] = 5 * OBJECTS[:count]
    known, codes = distinct(column)
    assert {id(one) for one in known} == {id(one) for one in OBJECTS[:count]}
    assert [known[code] for code in codes.tolist()] == column.tolist()


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), min_size=1, max_size=300))
def test_each_row_has_its_own_key(items: list[int]) -> None:
    keys = np.array(items, np.uint64)
    found = few_keys(keys)
    if found is not None:
        assert keys[found[0]].tolist() == list(dict.fromkeys(items))
        assert keys[found[0]][found[1]].tolist() == items


def test_a_hundred_neighbours_have_places_of_their_own() -> None:
    found = few_keys(np.tile(np.arange(100, dtype=np.uint64) * np.uint64(64), 3))
    assert found is not None
    assert found[0].tolist() == list(range(100))


def test_keys_that_share_a_place_of_the_table_are_told_apart() -> None:
    assert few_keys(np.arange(100_000, dtype=np.uint64)) is None
    many = [object() for _ in range(100_000)]
    column = np.empty(len(many), object)
    column[:] = many
    known, codes = distinct(column)
    assert all(known[code] is one for code, one in zip(codes.tolist(), many, strict=True))
