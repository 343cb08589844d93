"""The two threads of a run: one sends records at their intended times, one takes answers; neither makes sums."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from streamscore_cli.bench.keys import RunKeys
from streamscore_cli.bench.logs import ArrivalLog, SendLog
from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.bench.ports import Answers, AnswerSource, LoadOutbox
from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.clock import Clock

BURST = 64
"""Records between two looks at the clock and at what the client has to say; also what one timestamp is for at `max`."""

LONGEST_SLEEP_S = 0.1
POLL_S = 0.1
_NS_PER_S = 1_000_000_000
_PR_SET_TIMERSLACK = 29


@dataclass(frozen=True, slots=True)
class Payload:
    """What is sent and to where: encoded records, round and round."""

    topic: str
    values: Sequence[bytes]

    def take(self, first: int, count: int) -> Sequence[bytes]:
        """Return the values of `count` records from number `first` on; there are always more than a burst."""
        start = first % len(self.values)
        values = self.values[start : start + count]
        return values if len(values) == count else [*values, *self.values[: count - len(values)]]

    @classmethod
    def of(cls, topic: str, values: Sequence[bytes]) -> Payload:
        """Return a payload of these values, repeated where there are few of them."""
        return cls(topic, list(values) * -(-BURST // len(values)))


class LoadSender:
    """Sends what the plan asks for; it never waits for an answer, and never skips what is late."""

    def __init__(self, plan: LoadPlan, keys: RunKeys, payload: Payload, outbox: LoadOutbox, clock: Clock) -> None:
        """Take what to send, and through what; nothing is sent yet."""
        self._plan = plan
        self._keys = keys
        self._payload = payload
        self._outbox = outbox
        self._clock = clock
        self.log = SendLog(plan.rate)

    def run(self, halted: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> float:
        """Send until all is sent or `halted`; return the processor seconds that this thread took."""
        began_s = time.thread_time()
        sharpen_sleeps()
        self.log.begin_ns = self._clock.perf_ns()
        while not halted():
            now_ns = self._clock.perf_ns()
            count = self._due(now_ns)
            if count is None:
                break
            if count <= 0:
                wait_ns = self.log.meant_ns(self.log.sent) - now_ns
                sleep(min(max(wait_ns, 0) / _NS_PER_S, LONGEST_SLEEP_S))
                continue
            self._send(now_ns, count)
        return time.thread_time() - began_s

    def _send(self, now_ns: int, count: int) -> None:
        first = self.log.sent
        self._outbox.send_many(self._payload.topic, self._keys.make(first, count), self._payload.take(first, count))
        self.log.burst(now_ns, count)

    def _due(self, now_ns: int) -> int | None:
        """Return how many records are due, at most a burst; None when all are sent."""
        plan, log = self._plan, self.log
        if log.first_measured is None and self._is_warm(now_ns):
            log.first_measured = log.sent if plan.warm_up_records is None else plan.warm_up_records
        if plan.rate is not None:
            left = (plan.total_records or 0) - log.sent
            due = int((now_ns - log.begin_ns) * plan.rate / _NS_PER_S) + 1 - log.sent
            return min(due, left, BURST) if left else None
        if log.first_measured is None:
            return BURST
        if plan.records is not None:
            return min(log.first_measured + plan.records - log.sent, BURST) or None
        return BURST if now_ns - log.begin_ns < (plan.warm_up_s + plan.duration_s) * _NS_PER_S else None

    def _is_warm(self, now_ns: int) -> bool:
        if self._plan.warm_up_records is not None:
            return self.log.sent >= self._plan.warm_up_records
        return now_ns - self.log.begin_ns >= self._plan.warm_up_s * _NS_PER_S


def sharpen_sleeps() -> None:
    """Let this thread sleep to within microseconds where that can be asked for: Linux adds 50 of them to each sleep."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)


class AnswerReceiver:
    """Notes which answers came when."""

    def __init__(self, keys: RunKeys, source: AnswerSource, describe: Callable[[RecordBatch, int], str]) -> None:
        """Read from `source`; `describe` says why the dead letter at a place was written."""
        self._keys = keys
        self._source = source
        self._describe = describe
        self.results = ArrivalLog()
        self.letters = ArrivalLog()
        self.first_letter = ""

    def run(self, halted: Callable[[], bool]) -> float:
        """Take answers until `halted`; return the processor seconds that this thread took."""
        began_s = time.thread_time()
        while not halted():
            answers = self._source.poll(POLL_S)
            if answers is not None:
                self.take(answers)
        return time.thread_time() - began_s

    def take(self, answers: Answers) -> None:
        """Note one batch."""
        numbers = self._keys.numbers(answers.keys)
        self.results.batch(answers.at_ns, numbers, len(answers.keys) - len(numbers))
        if answers.letters is None:
            return
        of_letters = [self._keys.numbers([key]) for key in answers.letters.keys]
        mine = [place for place, found in enumerate(of_letters) if len(found)]
        if mine:
            self.letters.batch(answers.at_ns, np.concatenate(of_letters))
            self.first_letter = self.first_letter or self._describe(answers.letters, mine[0])

    @property
    def silent(self) -> bool:
        """Tell whether no record of this run has an answer yet."""
        return not len(self.results) and not len(self.letters)
