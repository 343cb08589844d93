"""Latencies against numpy.percentile on the raw values, and against HdrHistogram itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.bench.latency import HALF, LatencyHistogram

PERCENTS = (0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0)

# What HdrHistogram (the package hdrhistogram 0.10.8, three digits) says of the same values
OF_HDRHISTOGRAM = {50.0: 1_973_247, 90.0: 9_240_575, 99.0: 33_128_447, 99.9: 81_199_103}


def values() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = (
        np.random.default_rng(6).lognormal(14.5, 1.2, 50_000).astype(np.int64)
    )
    return found


def histogram_of(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for part in np.array_split(values, 3):
        histogram.add(part)
    return histogram


@given(st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=300), st.sampled_from(PERCENTS))
def test_percentiles_are_numpys_to_three_digits(some: list[int], percent: float) -> None:
    found = histogram_of(np.array(some, dtype=np.int64)).percentile_ns(percent)
    exact = int(np.percentile(np.array(some), percent, method="inverted_cdf"))
    assert exact <= found <= exact * (1 + 1 / HALF)


def test_percentiles_are_hdrhistograms() -> None:
    histogram = histogram_of(values())
    assert {percent: histogram.percentile_ns(percent) for percent in OF_HDRHISTOGRAM} == OF_HDRHISTOGRAM


def test_the_summary_is_in_milliseconds_with_exact_ends() -> None:
    of = values()
    summary = histogram_of(of).summary()
    assert summary is not None
    assert (summary.count, summary.min, summary.max) == (50_000, of.min() / 1e6, of.max() / 1e6)
    assert summary.mean == pytest.approx(of.mean() / 1e6)
    assert summary.curve[-1] == (100.0, summary.max)
    assert summary.p99 == OF_HDRHISTOGRAM[99.0] / 1e6
    percents = [percent for percent, _ in summary.curve]
    assert percents[-3:] == [99.95, 99.99, 100.0]  # 99.999 would be half a record
    assert [value for _, value in summary.curve] == sorted(value for _, value in summary.curve)


def test_merged_counts_are_those_of_both() -> None:
    both, more = histogram_of(values()[:30_000]), histogram_of(values()[30_000:])
    both.merge(more)
    assert both.summary() == histogram_of(values()).summary()


def test_nothing_has_no_summary() -> None:
    assert LatencyHistogram().summary() is None
    assert LatencyHistogram().percentile_ns(99) == 0


def test_what_came_before_it_was_meant_counts_as_nothing() -> None:
    assert histogram_of(np.array([-5, -5, 10])).percentile_ns(50) == 0
