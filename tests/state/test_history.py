"""The history: what a second of an instance looks like, made from two snapshots."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.state.histogram import Histogram
from streamscore_cli.state.history import History
from streamscore_cli.state.snapshots import ScoringSnapshot

START = ScoringSnapshot(1_000, 1_000, uptime_s=1.0)


def test_the_first_snapshot_alone_says_nothing() -> None:
    history = History()
    history.add(START)
    assert history.samples() == ()


def test_a_sample_is_what_happened_between_two_snapshots() -> None:
    history = History()
    before = Histogram.of([10] * 1000)
    first = replace(START, records=1000, results=990, latency=before)
    later = replace(
        START,
        uptime_s=3.0,
        records=1400,
        results=1290,
        dead_letters={(Stage.DECODE, Cause.UNDECODABLE): 50, (Stage.SCORE, Cause.SCORING_FAILED): 50},
        latency=before.merge(Histogram.of([2000] * 299 + [9000])),
        lag={("a", 0): 3, ("a", 1): 4},
    )
    history.add(first)
    history.add(later)
    (sample,) = history.samples()
    assert (sample.at_ms, sample.lag) == (4_000, 7)
    assert (sample.records_per_s, sample.results_per_s, sample.dead_letters_per_s) == (200, 150, 50)
    assert (sample.p50_us, sample.p90_us, sample.p99_us) == pytest.approx((2000, 2000, 2000), rel=0.02)
    assert sample.max_us == pytest.approx(9000, rel=0.02)


def test_a_quiet_second_has_no_latency() -> None:
    history = History()
    busy = replace(START, records=5, results=5, latency=Histogram.of([7] * 5))
    history.add(busy)
    history.add(replace(busy, uptime_s=2.0))
    assert [(one.records_per_s, one.p99_us, one.max_us) for one in history.samples()] == [(0, 0, 0)]


def test_only_the_last_samples_are_kept_and_the_same_moment_counts_once() -> None:
    history = History(samples=3)
    for second in (0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0):
        history.add(replace(START, uptime_s=second))
    assert [one.at_ms for one in history.samples()] == [4_000, 5_000, 6_000]
