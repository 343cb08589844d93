from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from streamscore_cli.core.errors import KafkaRefused, TimedOut
from streamscore_cli.runtime.supervisor import Supervisor


class Worker:
    """Works until it is told to end, and notes in a shared list when it did."""

    def __init__(self, name: str, ended: list[str], *, failure: BaseException | None = None) -> None:
        self.name = name
        self.ended = ended
        self.failure = failure
        self.told = threading.Event()

    def run(self, stopping: Callable[[], bool]) -> None:
        if self.failure is not None:
            raise self.failure
        while not stopping():
            self.told.wait(0.01)
        self.ended.append(self.name)


def supervised(*workers: Worker, grace_s: float = 5.0) -> Supervisor:
    supervisor = Supervisor(grace_s)
    for worker in workers:
        supervisor.add(worker.name, worker.run, worker.told.set)
    return supervisor


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_in_the_order_they_were_added(number: signal.Signals) -> None:
    ended: list[str] = []
    supervisor = supervised(Worker("scoring", ended), Worker("models", ended), Worker("http", ended))
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    before = signal.getsignal(number)
    supervisor.run()
    assert ended == ["scoring", "models", "http"]
    assert signal.getsignal(number) is before


def test_the_first_failure_stops_all_and_is_the_one_that_is_raised() -> None:
    ended: list[str] = []
    bad = Worker("models", ended, failure=KafkaRefused("The broker says no."))
    with pytest.raises(KafkaRefused, match="says no"):
        supervised(Worker("scoring", ended), bad, Worker("http", ended)).run()
    assert ended == ["scoring", "http"]


def test_a_failure_that_comes_of_the_stop_does_not_hide_the_first() -> None:
    def fails_when_told(stopping: Callable[[], bool]) -> None:
        while not stopping():
            threading.Event().wait(0.01)
        raise TimedOut("The broker stayed away.")

    supervisor = supervised(Worker("models", [], failure=KafkaRefused("The broker says no.")))
    supervisor.add("scoring", fails_when_told)
    with pytest.raises(KafkaRefused):
        supervisor.run()


def test_a_worker_that_does_not_end_is_named_and_does_not_keep_the_others() -> None:
    ended: list[str] = []
    stuck = threading.Event()
    supervisor = Supervisor(grace_s=0.2)
    supervisor.add("scoring", lambda _stopping: _wait_for(stuck))
    supervisor.add("http", Worker("http", ended).run)
    supervisor.stop()
    with pytest.raises(TimedOut, match=r"within 0\.2 s: scoring"):
        supervisor.run()
    stuck.set()
    assert ended == ["http"]


def test_a_worker_that_may_be_late_is_left_behind_without_failure() -> None:
    ended: list[str] = []
    stuck = threading.Event()
    supervisor = Supervisor(grace_s=5)
    supervisor.add("models", lambda _stopping: _wait_for(stuck), may_be_late_s=0.1)
    supervisor.add("http", Worker("http", ended).run)
    supervisor.stop()
    supervisor.run()
    assert not supervisor.ended("models")
    assert supervisor.ended("http")
    stuck.set()


def test_it_can_be_run_by_another_thread_than_the_main_one() -> None:
    ended: list[str] = []
    supervisor = supervised(Worker("scoring", ended))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    supervisor.stop()
    thread.join(5)
    assert ended == ["scoring"]


def _wait_for(event: threading.Event) -> None:
    event.wait(30)
