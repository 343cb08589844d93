"""The sender in an open loop on a clock that is told the time, and the receiver on answers from memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamscore_cli.bench.keys import RunKeys
from streamscore_cli.bench.load import BURST, AnswerReceiver, LoadSender, Payload
from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.core.batch import RecordBatch
from tests.bench.parts import MemoryAnswers, MemoryServer

KEYS = RunKeys("1a2b3c4d")
PLAN = LoadPlan(rate=1000.0, duration_s=0.2, records=None, warm_up_s=0.1, wait_s=1.0)
VALUES = [b"a", b"b", b"c"]


def sent(plan: LoadPlan, server: MemoryServer, halted: Callable[[], bool] = lambda: False) -> LoadSender:
    sender = LoadSender(plan, KEYS, Payload.of("data", VALUES), server, server.clock)
    sender.run(halted, server.clock.advance)
    return sender


def test_every_record_goes_at_its_time_with_its_number_and_the_next_value() -> None:
    server = MemoryServer()
    sender = sent(PLAN, server)
    assert [key for _, key, _ in server.taken] == KEYS.make(0, 300)
    assert [value for _, _, value in server.taken] == VALUES * 100
    begin_s = server.taken[0][0]
    assert all(abs(at_s - begin_s - place / 1000) < 1e-6 for place, (at_s, _, _) in enumerate(server.taken))
    assert sender.log.first_measured == 100


def test_a_slow_outbox_makes_it_late_and_never_slower() -> None:
    server = MemoryServer(cost_s=0.05)
    sender = sent(PLAN, server)
    assert server.sent == 300
    numbers = KEYS.numbers([key for _, key, _ in server.taken])
    lags_s = (sender.log.handed_over_ns(numbers) - sender.log.intended_ns(numbers)) / 1e9
    assert lags_s.max() == pytest.approx(0.05, abs=0.002)  # what fell due meanwhile went in one burst, none was skipped
    assert server.clock.now_s - server.taken[0][0] < 0.36


def test_as_fast_as_it_goes_ends_after_its_time() -> None:
    server = MemoryServer(cost_s=1 / 64)
    sender = sent(replace(PLAN, rate=None), server)
    assert server.sent == 20 * BURST
    assert sender.log.first_measured == 7 * BURST


def test_as_fast_as_it_goes_ends_after_its_records() -> None:
    server = MemoryServer(cost_s=1 / 64)
    sender = sent(replace(PLAN, rate=None, records=100), server)
    assert server.sent == 7 * BURST + 100
    assert sender.log.first_measured == 7 * BURST


def test_it_ends_when_it_is_told_to() -> None:
    server = MemoryServer()
    sent(PLAN, server, lambda: server.sent >= 10)
    assert server.sent == 10


def receiver() -> AnswerReceiver:
    class Nothing:
        def poll(self, timeout_s: float) -> None:
            del timeout_s

    return AnswerReceiver(KEYS, Nothing(), lambda letters, row: f"{letters.topic} {row}")


def test_answers_are_noted_and_strangers_counted() -> None:
    found = receiver()
    assert found.silent
    found.take(MemoryAnswers(5, [*KEYS.make(3, 1), b"stranger", None]))
    assert (found.results.numbers(0).tolist(), found.results.foreign, found.silent) == ([3], 2, False)


def test_dead_letters_of_this_run_are_noted_and_the_first_is_described() -> None:
    found = receiver()
    keys = [b"stranger", *KEYS.make(9, 2)]
    letters = RecordBatch("letters", [b""] * 3, keys, [0] * 3, [0, 1, 2], [0] * 3)
    found.take(MemoryAnswers(5, [], letters))
    assert (found.letters.numbers(0).tolist(), found.first_letter) == ([9, 10], "letters 1")
    assert not found.silent
