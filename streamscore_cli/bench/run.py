"""One run from the first record to the last answer: load, swaps, waiting for what is late; it makes no report."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from streamscore_cli.bench.load import AnswerReceiver, LoadSender
from streamscore_cli.bench.logs import Seen
from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.bench.ports import LoadOutbox, Models, Stop
from streamscore_cli.bench.swaps import Swap
from streamscore_cli.core.clock import Clock

LOOK_S = 0.1
QUIET_S = 0.5
"""How long nothing may come after the last record was answered, so that late repetitions are counted."""

FLUSH_S = 30.0
GRACE_S = 2.0
"""How long is waited for answers and acknowledgements once someone asked to stop."""

SWITCH_S = 0.000_5
"""How long one of the two threads may keep the other from running; Python's own default is ten times that."""

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """Which models are published during a run, and how often; `window_s` is what a swap may disturb."""

    models: Models
    every_s: float
    window_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run went, besides what its two threads noted; how busy each was is a share of a core while it ran."""

    swaps: tuple[Swap, ...]
    refused: int
    sender_busy: float
    receiver_busy: float
    interrupted: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Run:
    """The parts of one run; `look` is called several times a second with the records sent and the answers so far."""

    plan: LoadPlan
    sender: LoadSender
    receiver: AnswerReceiver
    outbox: LoadOutbox
    clock: Clock
    look: Callable[[int, int], None] = lambda _sent, _answered: None

    def execute(self, stop: Stop, swapping: SwapPlan | None = None) -> Finished:
        """Make the load, and wait for the answers; raises what a thread failed with."""
        halt, deaf = threading.Event(), threading.Event()
        conductor = _Conductor(swapping, self.clock)
        began_s = self.clock.monotonic_s()
        with undisturbed(), ThreadPoolExecutor(2) as pool:
            try:
                receiving = pool.submit(self.receiver.run, deaf.is_set)
                sending = pool.submit(self.sender.run, halt.is_set)
                silent = self._watch(sending, receiving, stop, conductor)
                halt.set()
                sender_busy = self._share(sending.result(), began_s)
                refused = self._settle(GRACE_S if stop.requested or silent else FLUSH_S)
                if not silent:
                    self._drain(receiving, stop, conductor, self.sender.log.sent - refused)
                deaf.set()
                receiver_busy = self._share(receiving.result(), began_s)
            finally:
                halt.set()
                deaf.set()
        silent = self.receiver.silent and not stop.requested
        return Finished(tuple(conductor.swaps), refused, sender_busy, receiver_busy, stop.requested, silent)

    def _share(self, busy_s: float, began_s: float) -> float:
        return busy_s / max(self.clock.monotonic_s() - began_s, 1e-9)

    def _settle(self, patience_s: float) -> int:
        """Wait for acknowledgements; return how many records the broker has not taken."""
        settled = self.outbox.flush(patience_s)
        return self.outbox.failed if settled else self.outbox.sent - self.outbox.acknowledged

    def _watch(self, sending: Future[float], receiving: Future[float], stop: Stop, conductor: _Conductor) -> bool:
        """Wait until all is sent; tell whether it is in vain, because nobody answers."""
        began_s = self.clock.monotonic_s()
        while not sending.done() and not stop.requested:
            stop.wait(LOOK_S)
            _raise_failure(receiving)
            self.look(self.sender.log.sent, len(self.receiver.results))
            if self.sender.log.first_measured is not None:
                conductor.look()
            if self.clock.monotonic_s() - began_s >= self.plan.wait_s and self.receiver.silent:
                return not stop.requested
        return False

    def _drain(self, receiving: Future[float], stop: Stop, conductor: _Conductor, due: int) -> None:
        """Wait until `due` records have an answer, or nothing has come for as long as the plan says."""
        answered, read = Seen(), [0, 0]
        logs = (self.receiver.results, self.receiver.letters)
        quiet_since_s = self.clock.monotonic_s()
        stop_at_s = quiet_since_s + GRACE_S
        while True:
            _raise_failure(receiving)
            now_s = self.clock.monotonic_s()
            for place, log in enumerate(logs):
                came = log.numbers(read[place])
                if len(came):
                    quiet_since_s = now_s
                    read[place] += len(came)
                    answered.add(came)
            conductor.look(publish=False)
            self.look(self.sender.log.sent, len(self.receiver.results))
            patience_s = self.plan.wait_s if answered.distinct < due or conductor.waits else QUIET_S
            if now_s - quiet_since_s >= patience_s or (stop.requested and now_s >= stop_at_s):
                return
            pause = time.sleep if stop.requested else stop.wait  # once requested, a stop waits no more
            pause(LOOK_S)


class _Conductor:
    """Publishes models when they are due, and asks once a window is over whether they are in service."""

    def __init__(self, swapping: SwapPlan | None, clock: Clock) -> None:
        self._swapping = swapping
        self._clock = clock
        self._due_s: float | None = None
        self._ask_at_s: float | None = None
        self.swaps: list[Swap] = []

    @property
    def waits(self) -> bool:
        """Tell whether a server may still say when the last model was in service."""
        return self._swapping is not None and self._ask_at_s is not None and self._swapping.models.asking

    def look(self, *, publish: bool = True) -> None:
        """Publish a model when one is due, and ask when it is time to."""
        plan, now_s = self._swapping, self._clock.monotonic_s()
        if plan is None:
            return
        if self._ask_at_s is not None and now_s >= self._ask_at_s:
            self._ask(plan, now_s)
        if self._due_s is None:
            self._due_s = now_s + plan.every_s
        if publish and now_s >= self._due_s:
            self._due_s += plan.every_s
            self.swaps.append(Swap(plan.models.publish()))
            self._ask_at_s = self._clock.monotonic_s() + min(plan.window_s, plan.every_s / 2)

    def _ask(self, plan: SwapPlan, now_s: float) -> None:
        model = self.swaps[-1].model
        since_ns = plan.models.in_service_since_ns(model)
        self.swaps[-1] = Swap(model, since_ns)
        self._ask_at_s = None if since_ns is not None else now_s + 1.0


def _raise_failure(worker: Future[float]) -> None:
    if worker.done() and (error := worker.exception()) is not None:
        raise error


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector out of the way, and the two threads quick to give way to each other."""
    before_s, collecting = sys.getswitchinterval(), gc.isenabled()
    gc.collect()
    gc.disable()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
        if collecting:
            gc.enable()
