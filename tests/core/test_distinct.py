"""Which objects a column has, and where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.distinct import distinct, distinct_keys

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
    firsts, codes = distinct_keys(keys)
    assert keys[firsts][codes].tolist() == items
    assert len(firsts) == len(set(items))


def test_keys_that_share_a_place_of_the_table_are_told_apart() -> None:
    keys = np.tile(np.arange(5_000, dtype=np.uint64), 3)
    firsts, codes = distinct_keys(keys)
    assert (len(firsts), np.array_equal(keys[firsts][codes], keys)) == (5_000, True)
