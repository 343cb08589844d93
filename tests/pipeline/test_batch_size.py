from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.pipeline.batch_size import FIRST, TARGET_BYTES, TARGET_S, BatchSize


def sizes(cost_s: float, batches: int, most: int = 4000) -> list[int]:
    size = BatchSize(most)
    found = [size.records]
    for _ in range(batches):
        size.took(size.records, size.records * cost_s)
        found.append(size.records)
    return found


def test_a_fast_model_soon_gets_full_batches() -> None:
    assert sizes(1e-6, 4) == [64, 256, 1024, 4000, 4000]


@pytest.mark.parametrize("cost_s", [0.004, 0.075, 0.4, 5.0])
def test_a_slow_model_gets_batches_that_end_in_time(cost_s: float) -> None:
    for size in sizes(cost_s, 10)[1:]:
        assert size == 1 or size * cost_s <= TARGET_S


def test_a_model_that_turns_slow_gets_small_batches_at_once() -> None:
    size = BatchSize(4000)
    for _ in range(5):
        size.took(size.records, size.records * 1e-6)
    size.took(4000, 40.0)
    assert size.records * 0.01 <= TARGET_S


def test_large_records_get_batches_that_end_in_bytes() -> None:
    size = BatchSize(4000)
    for _ in range(10):
        size.took(size.records, size.records * 1e-6, 8192)
    assert size.records == TARGET_BYTES // 8192
    size.took(size.records, size.records * 1e-6, 8 * TARGET_BYTES)
    assert size.records == 1


def test_after_a_swap_nothing_is_known() -> None:
    size = BatchSize(4000)
    for _ in range(5):
        size.took(size.records, size.records * 1e-6)
    size.begin_anew()
    assert size.records == FIRST


def test_small_batches_at_low_rates_do_not_make_it_grow() -> None:
    size = BatchSize(4000)
    for _ in range(10):
        size.took(1, 1e-5)
    assert size.records == FIRST


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 100)), max_size=30), st.integers(1, 10_000))
def test_it_is_never_below_one_nor_above_the_most(batches: list[tuple[int, float]], most: int) -> None:
    size = BatchSize(most)
    for records, seconds in batches:
        size.took(records, seconds)
        assert 1 <= size.records <= most
