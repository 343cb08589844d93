"""The notes of a run: intended times, arrivals in order, first answers."""

from __future__ import annotations

import numpy as np

from streamscore_cli.bench.logs import ArrivalLog, Seen, SendLog


def numbers(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array(values, dtype=np.uint32)


def test_with_a_rate_a_record_is_meant_for_its_turn_however_late_it_goes() -> None:
    log = SendLog(2000.0)
    log.begin_ns = 1_000
    log.burst(at_ns=900_000_000, count=3)
    assert log.intended_ns(numbers(0, 1, 2)).tolist() == [1_000, 501_000, 1_001_000]
    assert log.handed_over_ns(numbers(0, 1, 2)).tolist() == [900_000_000] * 3


def test_without_a_rate_a_record_is_meant_for_its_burst() -> None:
    log = SendLog(None)
    log.burst(100, 2)
    log.burst(250, 1)
    assert log.intended_ns(numbers(2, 0, 1)).tolist() == [250, 100, 100]
    assert (log.sent, log.end_ns) == (3, 250)


def test_arrivals_keep_their_order_and_the_time_of_their_batch() -> None:
    log = ArrivalLog()
    log.batch(10, numbers(5, 1))
    log.batch(20, numbers(), foreign=4)
    log.batch(30, numbers(2))
    assert log.numbers(0).tolist() == [5, 1, 2]
    assert log.arrived_ns(0, 3).tolist() == [10, 10, 30]
    assert log.arrived_ns(1, 2).tolist() == [10]
    assert log.places_before([10, 11, 30, 31]) == [0, 2, 2, 3]
    assert (len(log), log.foreign, log.last_ns) == (3, 4, 30)


def test_only_the_first_answer_is_new() -> None:
    seen = Seen()
    assert seen.add(numbers(7, 7, 2)).tolist() == [True, False, True]
    assert seen.add(numbers(2, 5000)).tolist() == [False, True]
    assert seen.add(numbers()).tolist() == []
    assert seen.distinct == 3


def test_a_record_with_a_result_and_a_dead_letter_counts_once() -> None:
    one, other = Seen(), Seen()
    one.add(numbers(1, 2))
    other.add(numbers(2, 9000))
    assert one.union(other) == 3
