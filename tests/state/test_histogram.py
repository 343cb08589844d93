"""The histogram against NumPy's percentiles, and its laws."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.state.histogram import LARGEST, Histogram, HistogramBuilder, counted

HOUR_NS = 3_600_000_000_000
values = st.lists(st.integers(1, HOUR_NS), min_size=1, max_size=200)
percents = st.floats(0, 100)


@given(values, percents)
def test_percentile_is_within_three_percent_of_numpys(numbers: list[int], percent: float) -> None:
    expected = np.percentile(numbers, percent, method="inverted_cdf")
    assert Histogram.of(numbers).percentile(percent) == pytest.approx(expected, rel=0.03)


@given(st.integers(1, LARGEST))
def test_any_single_value_is_exact(number: int) -> None:
    histogram = Histogram.of([number])
    assert [histogram.percentile(percent) for percent in (0, 50, 100)] == [number] * 3


@given(st.integers(1, 64), st.integers(1, 20))
def test_small_values_between_others_are_exact(number: int, times: int) -> None:
    histogram = Histogram.of([1, *[number] * (2 * times), 10**6])
    assert histogram.percentile(50) == pytest.approx(number, abs=0.5 if number <= 32 else 1)


@given(values, values, values)
def test_merge_is_associative_and_the_same_as_counting_all(one: list[int], two: list[int], three: list[int]) -> None:
    a, b, c = Histogram.of(one), Histogram.of(two), Histogram.of(three)
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == Histogram.of(one + two + three)


@given(values)
def test_nothing_is_neutral(numbers: list[int]) -> None:
    histogram = Histogram.of(numbers)
    assert histogram.merge(Histogram()) == Histogram().merge(histogram) == histogram


@given(values)
def test_json_form_reads_back(numbers: list[int]) -> None:
    histogram = Histogram.of(numbers)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram


@given(values, st.integers(1, 50))
def test_a_repeated_value_counts_as_that_many(numbers: list[int], times: int) -> None:
    at_once, one_by_one = HistogramBuilder(), HistogramBuilder()
    for number in numbers:
        at_once.add_repeated(number, times)
        one_by_one.add(np.full(times, number, dtype=np.int64))
    assert at_once.build() == one_by_one.build()


def test_exact_parts() -> None:
    histogram = Histogram.of([7, 100_003, 42])
    assert (histogram.count, histogram.minimum, histogram.maximum, histogram.total) == (3, 7, 100_003, 100_052)


def test_values_outside_count_as_the_nearest() -> None:
    histogram = Histogram.of([-5, 0, LARGEST + 1])
    assert (histogram.count, histogram.minimum, histogram.maximum) == (3, 1, LARGEST)


def test_empty_answers_zero() -> None:
    assert (Histogram().count, Histogram().percentile(99), Histogram().maximum) == (0, 0, 0)
    builder = HistogramBuilder()
    builder.add(np.zeros(0, dtype=np.int64))
    builder.add_repeated(5, 0)
    assert builder.build() == Histogram()


def test_a_built_histogram_does_not_change_any_more() -> None:
    builder = HistogramBuilder()
    builder.add_repeated(10, 1)
    built = builder.build()
    builder.add_repeated(10, 1)
    assert built.count == int(built.counts.sum()) == 1
    with pytest.raises(ValueError, match="read-only"):
        built.counts[0] = 1


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"per_octave": 16, "min": 1, "max": 1, "sum": 1, "buckets": [0, 1]},
        {"per_octave": 32, "min": 1, "max": 1, "sum": 1, "buckets": [99_999, 1]},
        {"per_octave": 32, "min": 1, "max": 1, "sum": 1, "buckets": [-1, 1]},
        {"per_octave": 32, "min": 1, "max": 1, "sum": 1, "buckets": [0, -1]},
        {"per_octave": 32, "min": 1, "max": 1, "sum": 1, "buckets": [0]},
        {"per_octave": 32, "min": 1, "max": 1, "sum": "x", "buckets": []},
    ],
)
def test_what_is_no_histogram_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a histogram"):
        Histogram.from_json(document)


@given(st.lists(st.lists(st.integers(0, 1 << 43), max_size=5), max_size=6))
def test_batches_counted_together_are_what_each_is_alone(batches: list[list[int]]) -> None:
    every = counted(np.array([value for batch in batches for value in batch], dtype=np.int64))
    lengths = np.array([len(batch) for batch in batches], dtype=np.int64)
    for batch, part in zip(batches, every.apart(lengths), strict=True):
        together, alone = HistogramBuilder(), HistogramBuilder()
        together.add_counted(part)
        for value in batch:
            alone.add_repeated(max(value, 1), 1)
        assert together.build() == alone.build()
