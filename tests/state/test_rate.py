"""Rates over the last seconds."""

from __future__ import annotations

import pytest

from streamscore_cli.state.rate import RateCounter


def test_a_steady_stream_has_its_rate() -> None:
    counter = RateCounter(since_s=100.0)
    for step in range(200):
        counter.add(100 + step / 10, 50)
    assert counter.window().per_second(120.0) == pytest.approx(500)


def test_a_young_stream_is_measured_from_its_start() -> None:
    counter = RateCounter(since_s=100.0)
    counter.add(100.5, 300)
    counter.add(101.5, 300)
    assert counter.window().per_second(102.0) == pytest.approx(300)


def test_the_first_moment_is_not_a_peak() -> None:
    counter = RateCounter(since_s=100.0)
    counter.add(100.001, 40)
    assert counter.window().per_second(100.002) == pytest.approx(40)


def test_an_idle_stream_falls_to_zero_without_its_writer() -> None:
    counter = RateCounter(since_s=100.0)
    counter.add(200.0, 1000)
    window = counter.window()
    assert window.per_second(201.0) > 0
    assert window.per_second(206.0) == 0


def test_memory_is_bounded() -> None:
    counter = RateCounter(since_s=0.0)
    for second in range(1000):
        counter.add(float(second), 1)
    assert len(counter.window().counts) == 6
