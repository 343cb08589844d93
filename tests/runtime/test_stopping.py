"""Real signals to this very process."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from streamscore_cli.runtime.stopping import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop_and_the_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopSignals() as stop:
        assert stop.requested_for_s() == 0
        os.kill(os.getpid(), number)
        stop.wait(60)
        assert stop.requested
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before


def test_handlers_are_put_back_without_a_signal() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_wait_that_began_before_the_signal_ends_with_it() -> None:
    with StopSignals() as stop:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        stop.wait(120)
        assert stop.requested
