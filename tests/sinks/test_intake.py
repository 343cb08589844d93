"""The queue that the scoring thread fills: it never waits and never grows beyond its bound."""

from __future__ import annotations

import threading

from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.sinks.intake import Intake
from tests.fakes import FakeClock
from tests.sinks.scores import AT_S, NOW_MS, part


def batch(count: int) -> list[TimedRows]:
    return [part([1.0] * count)]


def test_what_was_scored_is_taken_in_order_with_its_time() -> None:
    clock = FakeClock(AT_S)
    intake = Intake(100, clock)
    first, second = batch(2), batch(3)
    intake.scored(first)
    clock.advance(1)
    intake.scored(second)
    taken = list(intake.take())
    assert [observed.at_ms for observed in taken] == [NOW_MS, NOW_MS + 1000]
    assert taken[0].answers is first
    assert taken[1].answers is second
    assert (intake.offered, intake.dropped) == (5, 0)
    assert not list(intake.take())


def test_what_finds_no_room_is_dropped_and_counted() -> None:
    intake = Intake(10, FakeClock())
    for _ in range(4):
        intake.scored(batch(4))
    assert (intake.offered, intake.dropped) == (16, 8)
    assert sum(len(observed.answers[0].rows) for observed in intake.take()) == 8
    intake.scored(batch(4))
    assert intake.dropped == 8


def test_a_batch_larger_than_the_bound_fits_into_an_empty_queue_only() -> None:
    intake = Intake(10, FakeClock())
    intake.scored(batch(40))
    intake.scored(batch(1))
    assert (intake.offered, intake.dropped) == (41, 1)


def test_nobody_waits_though_nobody_takes() -> None:
    """With a reader that died the scoring thread goes on: run in this thread, a wait would never end."""
    intake = Intake(10, FakeClock())
    for _ in range(10_000):
        intake.scored(batch(1))
    assert (intake.offered, intake.dropped) == (10_000, 9_990)


def test_much_wakes_the_reader() -> None:
    intake = Intake(100, FakeClock())
    woken = threading.Event()

    def reader() -> None:
        intake.wait(60)
        woken.set()

    thread = threading.Thread(target=reader)
    thread.start()
    intake.scored(batch(30))
    assert woken.wait(30)
    thread.join()
