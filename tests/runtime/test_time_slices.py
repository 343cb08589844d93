"""That a thread and those that it starts have short slices, and that the others keep theirs."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamscore_cli.runtime.time_slices import SLICE_NS, shorten_time_slices, time_slice_ns


def in_a_thread_of_its_own() -> int | None:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(time_slice_ns).result()


def shortened() -> tuple[bool, int | None, int | None]:
    return shorten_time_slices(), time_slice_ns(), in_a_thread_of_its_own()


def test_short_slices_are_for_a_thread_and_those_that_it_starts() -> None:
    before = time_slice_ns()
    with ThreadPoolExecutor(1) as pool:
        taken, mine, inherited = pool.submit(shortened).result()
    assert time_slice_ns() == before
    if before is None:  # Linux before 6.12, or no Linux
        assert mine is inherited is None
    else:
        assert (taken, mine, inherited) == (True, SLICE_NS, SLICE_NS)


def test_elsewhere_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert (shorten_time_slices(), time_slice_ns()) == (False, None)
