"""Windows of swaps: where they begin and end, and whom they touch."""

from __future__ import annotations

import numpy as np

from streamscore_cli.bench.swaps import Published, Swap, Windows


def swap(at_ns: int, in_service_ns: int | None = None) -> Swap:
    return Swap(Published("model", "ab", at_ns), in_service_ns)


def spans(windows: Windows) -> list[tuple[int, int]]:
    return list(zip(windows.begins.tolist(), windows.ends.tolist(), strict=True))


def touched(windows: Windows, *records: tuple[int, int]) -> list[bool]:
    sent, arrived = np.array(records, dtype=np.int64).T
    found: list[bool] = windows.touched(sent, arrived).tolist()
    return found


def test_a_window_goes_from_publishing_to_so_long_after_the_model_was_in_service() -> None:
    assert spans(Windows.of([swap(100, in_service_ns=130)], 50)) == [(100, 180)]


def test_where_nobody_says_when_it_goes_from_publishing() -> None:
    assert spans(Windows.of([swap(100)], 50)) == [(100, 150)]


def test_a_server_whose_clock_is_behind_does_not_shorten_it() -> None:
    assert spans(Windows.of([swap(100, in_service_ns=90)], 50)) == [(100, 150)]


def test_windows_that_overlap_are_one() -> None:
    assert spans(Windows.of([swap(300), swap(100, 180), swap(220)], 50)) == [(100, 270), (300, 350)]


def test_a_record_is_inside_when_it_was_under_way_in_a_window() -> None:
    windows = Windows.of([swap(100), swap(1000)], 50)
    before, across, within, last, between, over = (10, 99), (10, 100), (110, 120), (149, 500), (150, 999), (10, 2000)
    assert touched(windows, before, across, within, last, between, over) == [False, True, True, True, False, True]
    assert touched(windows, (1049, 1050), (1050, 1060)) == [True, False]


def test_without_swaps_nothing_is_inside() -> None:
    assert touched(Windows.of([], 50), (1, 2)) == [False]


def test_what_a_swap_took() -> None:
    assert swap(1_000_000, 3_500_000).took_ms == 2.5
    assert swap(1_000_000).took_ms is None
