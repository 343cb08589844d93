"""Matching and counting, against numpy.percentile and counts made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from streamscore_cli.bench.analysis import Figures, analyse, sender_lag
from streamscore_cli.bench.logs import ArrivalLog, SendLog
from streamscore_cli.bench.swaps import Published, Swap, Windows

NO_SWAPS = Windows.of([], 0)
MS = 1_000_000
S = 1000 * MS


def sends(count: int, rate: float = 1000.0, warm_up: int = 0) -> SendLog:
    log = SendLog(rate)
    log.begin_ns = 7 * S
    log.first_measured = warm_up
    for number in range(count):
        log.burst(log.meant_ns(number) + number % 3 * 1000, 1)
    return log


def arrivals(log: SendLog, numbers: Sequence[int], latencies_ns: Sequence[int]) -> ArrivalLog:
    """Return a log in which each number came so long after it was meant to be sent."""
    found = ArrivalLog()
    times = log.intended_ns(np.array(numbers, dtype=np.uint32)) + np.array(latencies_ns, dtype=np.int64)
    for place in np.argsort(times, kind="stable"):
        found.batch(int(times[place]), np.array([numbers[place]], dtype=np.uint32))
    return found


def analysed(log: SendLog, results: ArrivalLog, windows: Windows = NO_SWAPS, refused: int = 0) -> Figures:
    return analyse(log, results, ArrivalLog(), windows, refused)


def test_latencies_are_counted_from_the_intended_time_of_measured_records_only() -> None:
    log = sends(20_000, warm_up=4_000)
    latencies = np.random.default_rng(1).lognormal(15, 1, 20_000).astype(np.int64)
    figures = analysed(log, arrivals(log, range(20_000), latencies.tolist()))
    measured = latencies[4_000:]
    assert figures.latency.count == 16_000
    for percent in (50, 90, 99, 100):
        exact = np.percentile(measured, percent, method="inverted_cdf")
        assert exact <= figures.latency.percentile_ns(percent) <= exact * (1 + 1 / 1024)
    assert figures.counts.answered == 20_000


def test_losses_duplicates_dead_letters_and_strangers_are_exact() -> None:
    log = sends(1_000)
    answered = [number for number in range(1_000) if number % 10 and number != 501]
    doubled = [number for number in answered if number % 20 == 1]
    results = arrivals(log, [*answered, *doubled, 5_000], [MS] * len(answered) + [3 * MS] * len(doubled) + [0])
    letters = arrivals(log, [501, 501, 10, 11], [MS] * 4)
    counts = analyse(log, results, letters, NO_SWAPS, refused=2).counts
    assert (counts.sent, counts.answered, counts.duplicates, counts.foreign) == (1_000, 899, 49, 1)
    assert counts.dead_letters == 3  # 501 and 10 have no result besides; 11 has both
    assert counts.lost == 1_000 - 2 - 899 - 2


def test_a_repeated_result_has_no_latency() -> None:
    log = sends(2)
    figures = analysed(log, arrivals(log, [0, 1, 0], [MS, MS, 90 * MS]))
    assert (figures.latency.count, figures.latency.maximum) == (2, MS)


def test_records_are_inside_or_outside_of_swaps() -> None:
    log = sends(10_000)
    latencies = np.full(10_000, 2 * MS)
    latencies[5_000:5_500] = 80 * MS
    swap = Swap(Published("forest", "ab", log.meant_ns(5_000)), in_service_ns=log.meant_ns(5_200))
    figures = analysed(log, arrivals(log, range(10_000), latencies.tolist()), Windows.of([swap], 300 * MS))
    assert figures.inside.count == 502  # two more were under way when it was published
    assert (figures.inside.maximum, figures.outside.maximum) == (80 * MS, 2 * MS)
    assert figures.inside.count + figures.outside.count == 10_000


def test_rates_and_figures_over_time() -> None:
    log = sends(6_001, warm_up=1_000)
    latencies = [MS] * 3_000 + [50 * MS] * 3_001
    figures = analysed(log, arrivals(log, range(6_001), latencies))
    assert figures.sent_per_s == pytest.approx(1000, rel=0.001)
    assert figures.results_per_s == pytest.approx(5_001 / 5.050, rel=0.001)
    assert [slot.at_s for slot in figures.slots] == [round(place * 0.1, 1) for place in range(50)]
    assert [round(slot.results_per_s) for slot in figures.slots[1:19]] == [1000] * 18
    assert figures.slots[10].p99_ms == pytest.approx(1, rel=0.001)
    assert figures.slots[40].p50_ms == pytest.approx(50, rel=0.001)


def test_the_lag_of_the_sender_is_its_own() -> None:
    lag = sender_lag(sends(3_000, warm_up=300))
    assert lag is not None
    assert (lag.count, lag.max) == (2_700, 0.002)
    assert lag.mean == pytest.approx(0.001, rel=0.001)
    assert sender_lag(SendLog(None)) is None


def test_a_run_that_ended_in_its_warm_up_has_counts_and_no_latency() -> None:
    log = sends(50)
    log.first_measured = None
    figures = analysed(log, arrivals(log, range(50), [MS] * 50))
    assert (figures.counts.answered, figures.latency.count, figures.results_per_s) == (50, 0, 0.0)


def test_a_run_without_answers_has_losses_only() -> None:
    figures = analysed(sends(50), ArrivalLog())
    assert (figures.counts.lost, figures.latency.summary(), figures.slots) == (50, None, [])
