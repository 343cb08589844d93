"""A whole run against a server in memory: threads, waiting for what is late, silence, a request to stop, failures."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from streamscore_cli.bench.analysis import analyse
from streamscore_cli.bench.keys import RunKeys
from streamscore_cli.bench.load import AnswerReceiver, LoadSender, Payload
from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.bench.report import Counts
from streamscore_cli.bench.run import Run, SwapPlan
from streamscore_cli.bench.swaps import Published, Windows
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import KafkaRefused
from tests.bench.parts import MemoryAnswers, MemoryServer

KEYS = RunKeys("1a2b3c4d")
PLAN = LoadPlan(rate=4000.0, duration_s=0.25, records=None, warm_up_s=0.05, wait_s=0.3)


@dataclass
class Asked:
    """A request to stop that comes when `when` says so."""

    when: Callable[[], bool] = lambda: False

    @property
    def requested(self) -> bool:
        return self.when()

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)


@dataclass
class Source:
    """Polls a `MemoryServer`; `mute` answers nothing, `breaks` fails, the answer to `late` comes a second after it."""

    server: MemoryServer
    mute: bool = False
    breaks: bool = False
    late: bytes = b""
    due_s: float = 0.0

    def poll(self, timeout_s: float) -> MemoryAnswers | None:
        if self.breaks:
            raise KafkaRefused("no.")
        waiting = self.server.waiting
        keys = [] if self.mute else [waiting.pop(0) for _ in range(len(waiting))]
        now_s = SystemClock().monotonic_s()
        if self.late in keys:
            keys.remove(self.late)
            self.due_s = now_s + 1.0
        if self.due_s and now_s >= self.due_s:
            keys.append(self.late)
            self.due_s = 0.0
        if not keys:
            threading.Event().wait(min(timeout_s, 0.005))
            return None
        return MemoryAnswers(SystemClock().perf_ns(), keys)


@dataclass
class Models:
    """Publishes nothing, and says that it is in service when it was asked so often."""

    published: list[Published] = field(default_factory=list)
    asking: bool = True
    asked: int = 0
    in_service_after: int = 1

    def publish(self) -> Published:
        self.published.append(Published(f"model {len(self.published)}", "ab", SystemClock().perf_ns()))
        return self.published[-1]

    def in_service_since_ns(self, model: Published) -> int | None:
        self.asked += 1
        return model.at_ns + 1 if self.asked >= self.in_service_after else None


def run_of(server: MemoryServer, source: Source, plan: LoadPlan = PLAN) -> Run:
    sender = LoadSender(plan, KEYS, Payload.of("data", [b"x"]), server, SystemClock())
    return Run(plan, sender, AnswerReceiver(KEYS, source, lambda _letters, _row: ""), server, SystemClock())


def counts_of(run: Run) -> Counts:
    return analyse(run.sender.log, run.receiver.results, run.receiver.letters, Windows.of([], 0)).counts


def test_all_that_was_sent_is_answered() -> None:
    run = run_of(server := MemoryServer(), Source(server))
    finished = run.execute(Asked())
    counts = counts_of(run)
    assert (counts.sent, counts.answered, counts.lost, counts.duplicates) == (1200, 1200, 0, 0)
    assert (finished.silent, finished.interrupted) == (False, False)


def test_what_a_server_drops_and_doubles_is_found() -> None:
    run = run_of(server := MemoryServer(drops=10, doubles=25), Source(server))
    run.execute(Asked())
    counts = counts_of(run)
    assert (counts.sent, counts.answered, counts.lost, counts.duplicates) == (1200, 1080, 120, 24)


def test_an_answer_that_is_late_is_waited_for() -> None:
    server = MemoryServer()
    run = run_of(server, Source(server, late=KEYS.make(1199, 1)[0]), replace(PLAN, wait_s=10.0))
    run.execute(Asked())
    assert (counts_of(run).answered, counts_of(run).lost) == (1200, 0)


def test_a_run_that_is_stopped_does_not_wait_long_for_what_is_lost() -> None:
    server = MemoryServer(drops=10)
    run = run_of(server, Source(server), replace(PLAN, duration_s=3600.0, wait_s=3600.0))
    assert run.execute(Asked(lambda: server.sent > 500)).interrupted
    assert counts_of(run).lost == server.sent // 10


def test_a_server_that_never_answers_is_given_up_before_all_is_sent() -> None:
    run = run_of(server := MemoryServer(), Source(server, mute=True), replace(PLAN, duration_s=3600.0))
    assert run.execute(Asked()).silent
    assert 0 < run.sender.log.sent < 100_000


def test_a_run_that_is_stopped_has_what_came_until_then() -> None:
    server = MemoryServer()
    run = run_of(server, Source(server), replace(PLAN, duration_s=3600.0))
    finished = run.execute(Asked(lambda: server.sent > 500))
    counts = counts_of(run)
    assert finished.interrupted
    assert not finished.silent
    assert counts.sent == counts.answered > 500


def test_what_the_broker_has_not_taken_is_not_waited_for() -> None:
    refused = run_of(server := MemoryServer(failed=3), Source(server)).execute(Asked())
    assert refused.refused == 3
    unanswered = run_of(server := MemoryServer(failed=3, unanswered=4), Source(server)).execute(Asked())
    assert unanswered.refused == 7


def test_the_failure_of_a_thread_ends_the_run() -> None:
    run = run_of(server := MemoryServer(), Source(server, breaks=True), replace(PLAN, duration_s=3600.0, wait_s=3600.0))
    with pytest.raises(KafkaRefused):
        run.execute(Asked())


def test_models_are_published_once_the_warm_up_is_over() -> None:
    models = Models()
    run = run_of(server := MemoryServer(), Source(server), replace(PLAN, warm_up_s=0.5, duration_s=1.2))
    swaps = run.execute(Asked(), SwapPlan(models, every_s=0.5, window_s=0.1)).swaps
    measured_ns = run.sender.log.meant_ns(run.sender.log.first_measured or 0)
    assert [swap.model for swap in swaps] == models.published
    assert all(swap.model.at_ns >= measured_ns + 400_000_000 for swap in swaps)
    assert swaps[0].in_service_ns == swaps[0].model.at_ns + 1


def test_the_last_swap_is_waited_for_while_there_is_someone_to_ask() -> None:
    plan = replace(PLAN, duration_s=0.9, wait_s=5.0)
    models = Models(in_service_after=2)
    [swap] = run_of(server := MemoryServer(), Source(server), plan).execute(Asked(), SwapPlan(models, 0.5, 0.1)).swaps
    assert (swap.in_service_ns, models.asked) == (swap.model.at_ns + 1, 2)
    nobody = Models(in_service_after=9, asking=False)
    [swap] = run_of(server := MemoryServer(), Source(server), plan).execute(Asked(), SwapPlan(nobody, 0.5, 0.1)).swaps
    assert swap.in_service_ns is None
    assert nobody.asked < 9


def test_the_interpreter_is_left_as_it_was() -> None:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    try:
        run_of(server := MemoryServer(), Source(server)).execute(Asked())
        assert (gc.isenabled(), sys.getswitchinterval()) == (True, 0.004)
    finally:
        sys.setswitchinterval(before_s)
