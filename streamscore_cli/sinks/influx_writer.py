"""Lines to InfluxDB, whatever it does meanwhile: waits, splits, gives up and counts; it makes no points."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import ServiceRefused, StreamscoreError
from streamscore_cli.core.log_events import event
from streamscore_cli.influx.writes import LineWriter, Written
from streamscore_cli.sinks.outbox import Line, Outbox
from streamscore_cli.sinks.verdicts import DENIED, Verdict, lost_of, may_pass, verdict_of

log = logging.getLogger("streamscore.influxdb")

BATCH_LINES = 5000
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LONGEST_ASKED_PAUSE_S = 300.0
"""The longest that a Retry-After is believed."""

REFUSALS = 64
"""Refused requests for one batch that is halved to find the bad points; what is not found by then is dropped."""

REMIND_S = 60.0
"""How often the log says that points are refused."""

IDLE_S = 0.5
FLUSH_S = 3.0
"""What the end gives to points that wait."""

FAULT = "fault"
REFUSED = "refused"
SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Target:
    """Where lines go: `prepare` makes what is absent there, `open` finds out how it is spoken to; both may raise."""

    name: str
    prepare: Callable[[], None]
    open: Callable[[], LineWriter]
    timeout_s: float


class InfluxWriter:
    """Writes what is in an outbox, used by one thread; the counts may be read by any."""

    def __init__(self, target: Target, outbox: Outbox, clock: Clock) -> None:
        """Take where lines go, where they come from, and the time; connects when `step` is called."""
        self._target = target
        self._outbox = outbox
        self._clock = clock
        self._writer: LineWriter | None = None
        self._prepared = False
        self._pieces: deque[list[Line]] = deque()
        self._batch_lines = BATCH_LINES
        self._refusals = 0
        self._failures = 0
        self._trouble = ""
        self._unready = ""
        self._fault = ""
        self._prepare_at_s = 0.0
        self._remind_at_s = 0.0
        self._awake = threading.Event()
        self._end_s = float("inf")
        self.written = 0
        self.dropped: dict[str, int] = {}
        self.problem = ""

    def run(self, stopping: Callable[[], bool]) -> None:
        """Write until told to stop, then for `FLUSH_S` at most what waits; count the rest."""
        while not stopping():
            pause_s = self._guarded_step()
            if pause_s is None:
                self._outbox.wait(IDLE_S)
            elif pause_s:
                self._awake.wait(pause_s)
        self.finish()

    def wake(self) -> None:
        """End all waits, for the end; any thread may call it."""
        self._awake.set()
        self._outbox.wake()

    def step(self) -> float | None:
        """Connect or write once; return how long to pause before the next, None when there is nothing to write."""
        writer = self._open()
        if writer is None:
            return self._pause_s(None)
        lines = self._next()
        if not lines:
            return None
        timeout_s = min(self._target.timeout_s, self._end_s - self._clock.monotonic_s())
        return self._judge(lines, writer.write(b"\n".join(line.text for line in lines), timeout_s))

    def finish(self) -> None:
        """Write what waits, until a write fails or the time is over; what is left is dropped and counted."""
        self._end_s = self._clock.monotonic_s() + FLUSH_S
        while self._next() and not self._failures and self._clock.monotonic_s() < self._end_s:
            self._guarded_step()
        while lines := self._next():
            self._drop(SHUTDOWN, sum(line.scores for line in lines))
            self._pieces.popleft()
        if self.dropped.get(SHUTDOWN):
            lost = self.dropped[SHUTDOWN]
            extra = event("sink-lost", target=self._target.name, scores=lost)
            log.warning("%s: %d scores were not written before the end", self._target.name, lost, extra=extra)
        self._close()

    def _guarded_step(self) -> float | None:
        """Step; a fault of this program costs the lines in hand, and never the instance."""
        try:
            return self.step()
        except Exception as error:
            self._note_fault(error)
            self._pieces.clear()
            self._failures += 1
            return LONGEST_PAUSE_S

    def _note_fault(self, error: Exception) -> None:
        """Count what is in hand as lost; log a fault with its traceback when it is not the one before."""
        lost = sum(line.scores for piece in self._pieces for line in piece)
        self._drop(FAULT, lost)
        name = type(error).__name__
        self.problem = f"a fault in this program: {name}"
        what = f"; {lost} scores in hand are dropped" if lost else ""
        if name != self._fault:
            extra = event("sink-fault", target=self._target.name, cause=name, scores=lost)
            log.exception("%s: a fault in this program%s", self._target.name, what, extra=extra)
        self._fault = name

    def _next(self) -> list[Line]:
        """Return the lines to write next, which stay the first piece until they are taken from there."""
        if not self._pieces:
            lines = self._outbox.take(self._batch_lines)
            self._refusals = 0
            if lines:
                self._pieces.append(lines)
        return self._pieces[0] if self._pieces else []

    def _open(self) -> LineWriter | None:
        """Return a writer, once what is absent was made; None while that fails. May not make, but write: go on."""
        try:
            if not self._prepared and self._clock.monotonic_s() >= self._prepare_at_s:
                self._prepare()
            if self._writer is None:
                self._writer = self._target.open()
                if not self._next():
                    self.problem = ""
        except StreamscoreError as error:
            self._fail(Verdict.BUSY, str(error))
            return None
        return self._writer

    def _prepare(self) -> None:
        """Make what is absent; raises what may go better soon. Where rights are missing, it is tried again later."""
        said, self._prepared = "", False
        try:
            self._target.prepare()
            self._prepared = True
        except ServiceRefused as error:
            if may_pass(error.status):
                raise
            said = str(error)
            self._prepared = error.status not in DENIED
            self._prepare_at_s = self._clock.monotonic_s() + LONGEST_PAUSE_S
            if said != self._unready:
                extra = event("sink-not-ready", target=self._target.name, cause=said)
                log.warning("%s could not be made ready: %s", self._target.name, said, extra=extra)
        self._unready = said

    def _judge(self, lines: list[Line], written: Written) -> float:
        scores = sum(line.scores for line in lines)
        verdict = verdict_of(written)
        if verdict not in {Verdict.ABSENT, Verdict.DENIED, Verdict.BUSY}:
            self._pieces.popleft()
        match verdict:
            case Verdict.TAKEN:
                self._took(scores)
                if len(lines) >= self._batch_lines:
                    self._batch_lines = min(2 * self._batch_lines, BATCH_LINES)
                return 0.0
            case Verdict.PARTLY:
                self._took_partly(lines, scores, written)
                return 0.0
            case Verdict.MALFORMED | Verdict.TOO_LARGE:
                self._split(lines, scores, written, smaller=verdict is Verdict.TOO_LARGE)
                return 0.0
            case Verdict.ABSENT | Verdict.DENIED | Verdict.BUSY:
                return self._wait_for(verdict, written)

    def _took(self, scores: int) -> None:
        self.written += scores
        self._failures = 0
        if self._trouble:
            extra = event("sink-recovered", target=self._target.name)
            log.info("%s takes points again", self._target.name, extra=extra)
        self._trouble = self.problem = self._fault = ""

    def _took_partly(self, lines: list[Line], scores: int, written: Written) -> None:
        lost = lost_of(lines, written)
        self._took(scores - lost)
        self._refuse(lost, written)

    def _split(self, lines: list[Line], scores: int, written: Written, *, smaller: bool) -> None:
        """Halve what was refused, until the bad points are alone or it has been tried often enough."""
        self._refusals += 1
        if smaller and len(lines) > 1:
            self._batch_lines = len(lines) // 2
        if len(lines) == 1 or (self._refusals > REFUSALS and not smaller):
            self._refuse(scores, written)
            return
        half = len(lines) // 2
        self._pieces.extendleft((lines[half:], lines[:half]))

    def _refuse(self, scores: int, written: Written) -> None:
        """Count scores whose points the server will never take, and say so once a minute."""
        self._drop(REFUSED, scores)
        self.problem = f"{Verdict.MALFORMED}: {written.reason}"
        now_s = self._clock.monotonic_s()
        if now_s >= self._remind_at_s:
            self._remind_at_s = now_s + REMIND_S
            extra = event("sink-refused", target=self._target.name, cause=written.reason)
            log.warning("%s refuses points: %s", self._target.name, written.reason, extra=extra)

    def _wait_for(self, verdict: Verdict, written: Written) -> float:
        self._fail(verdict, written.reason)
        if verdict is Verdict.ABSENT:
            self._prepared, self._prepare_at_s = False, 0.0
        if verdict is Verdict.ABSENT or not written.status:
            self._close()
        if verdict is Verdict.ABSENT and not self._failures:
            self._failures = 1
            return 0.0
        return self._pause_s(LONGEST_PAUSE_S if verdict is Verdict.DENIED else written.retry_after_s)

    def _pause_s(self, asked_s: float | None) -> float:
        """Return the next pause: what the server asked for, else twice the last, less up to half by chance."""
        self._failures += 1
        if asked_s is not None:
            return min(max(asked_s, FIRST_PAUSE_S), LONGEST_ASKED_PAUSE_S)
        longest_s = min(math.ldexp(FIRST_PAUSE_S, min(self._failures, 10)), LONGEST_PAUSE_S)
        chance = self._clock.perf_ns() // 1000 % 1000 / 1000
        return longest_s * (1 - chance / 2)

    def _fail(self, verdict: Verdict, reason: str) -> None:
        """Note what is wrong, and log it when it is not what was wrong before."""
        reason = reason.removeprefix(f"{self._target.name} ")
        self.problem = f"{verdict}: {reason}"
        if self._trouble != verdict:
            extra = event("sink-failing", target=self._target.name, what=verdict.value, cause=reason)
            log.warning("%s: %s: %s", self._target.name, verdict, reason, extra=extra)
        self._trouble = verdict

    def _drop(self, cause: str, scores: int) -> None:
        if scores:
            self.dropped[cause] = self.dropped.get(cause, 0) + scores

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
