"""When messages are due, by a clock that is told the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.errors import UsageProblem
from streamscore_cli.publishing.pacing import SHORTEST_WAIT_S, UNPACED_BURST, Metronome, interval_s_of, wait_for
from tests.fakes import FakeClock, FakeStop


def test_the_first_is_due_at_once_and_the_second_an_interval_later() -> None:
    clock = FakeClock()
    beat = Metronome(2.0, clock)
    assert beat.due() == 1
    beat.take(1)
    assert (beat.due(), beat.wait_s()) == (0, 2.0)
    clock.advance(1.5)
    assert (beat.due(), beat.wait_s()) == (0, 0.5)
    clock.advance(0.5)
    assert (beat.due(), beat.wait_s()) == (1, 0.0)


def test_a_late_sender_catches_up_because_the_loop_is_open() -> None:
    clock = FakeClock()
    beat = Metronome(0.1, clock)
    beat.take(1)
    clock.advance(1.0)
    assert beat.due() == 10


def test_catching_up_is_bounded_by_a_burst() -> None:
    clock = FakeClock()
    beat = Metronome(0.000_01, clock)
    clock.advance(10.0)
    assert beat.due() == UNPACED_BURST


def test_no_interval_means_as_fast_as_it_goes() -> None:
    clock = FakeClock()
    beat = Metronome(0, clock)
    beat.take(5_000_000)
    assert (beat.due(), beat.wait_s()) == (UNPACED_BURST, 0.0)


@pytest.mark.parametrize("rate", [1, 3, 500, 2_000, 33_333, 100_000])
def test_a_rate_is_kept_in_bursts_and_not_by_spinning(rate: int) -> None:
    clock = FakeClock()
    stop = FakeStop(clock, at_s=clock.now_s + 1.0 - 1e-9)
    beat = Metronome(1 / rate, clock)
    sent = 0
    while not stop.requested:
        due = beat.due()
        beat.take(due)
        sent += due
        wait_for((beat,), stop)
    assert rate - max(1, rate * SHORTEST_WAIT_S) <= sent <= rate
    assert len(stop.waits) <= min(rate, 1 / SHORTEST_WAIT_S) + 1


@given(
    interval_s=st.floats(min_value=1e-5, max_value=1e3),
    start_s=st.floats(min_value=0, max_value=1e7),
    beats=st.integers(min_value=1, max_value=200),
)
def test_waiting_always_ends_in_something_due(interval_s: float, start_s: float, beats: int) -> None:
    clock = FakeClock(start_s)
    stop = FakeStop(clock)
    beat = Metronome(interval_s, clock)
    for _ in range(beats):
        waits = 0
        while not beat.due():
            wait_for((beat,), stop)
            waits += 1
            assert waits <= 2
        beat.take(1)
    assert clock.now_s - start_s == pytest.approx(interval_s * (beats - 1), abs=2 * SHORTEST_WAIT_S + interval_s * 1e-3)


def test_the_wait_is_for_whoever_is_due_first() -> None:
    clock = FakeClock()
    stop = FakeStop(clock)
    slow, fast = Metronome(300.0, clock), Metronome(1.0, clock)
    slow.take(1)
    fast.take(1)
    wait_for((slow, fast), stop)
    assert stop.waits == [1.0]


def test_an_interval_or_a_rate_or_the_default() -> None:
    assert interval_s_of("10 ms", None, 5.0) == 0.01
    assert interval_s_of("0", None, 5.0) == 0.0
    assert interval_s_of(None, 500.0, 5.0) == 0.002
    assert interval_s_of(None, None, 5.0) == 5.0


@pytest.mark.parametrize(("interval", "rate"), [("1s", 10.0), (None, 0.0), (None, -1.0), (None, float("nan"))])
def test_both_at_once_and_no_rate_at_all_are_refused(interval: str | None, rate: float) -> None:
    with pytest.raises(UsageProblem, match="--rate"):
        interval_s_of(interval, rate, 0.0)
