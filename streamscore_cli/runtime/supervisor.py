"""Starts, watches and stops the threads of an instance; the only place that starts any. It knows none of their work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

from streamscore_cli.core.errors import TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.runtime.stopping import StopSignals

log = logging.getLogger("streamscore.supervisor")

GRACE_S = 20.0
LOOK_S = 0.2


@dataclass(slots=True)
class _Worker:
    """A named thread, its own order to stop, and what it failed with."""

    name: str
    run: Callable[[Callable[[], bool]], None]
    interrupt: Callable[[], None]
    grace_s: float
    may_be_late: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Tell whether its thread runs."""
        return self.thread is not None and self.thread.is_alive()


class Supervisor:
    """Runs workers until a signal, a failure or `stop`, then stops them one after the other, in the order added.

    The first failure is the one that counts: it stops all and is raised by `run`.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        """Give each worker `grace_s` seconds to end once it is told to."""
        self._grace_s = grace_s
        self._workers: list[_Worker] = []
        self._over = threading.Event()
        self._failure: BaseException | None = None

    @property
    def stopping(self) -> bool:
        """Tell whether all is about to end."""
        return self._over.is_set()

    def add(
        self,
        name: str,
        run: Callable[[Callable[[], bool]], None],
        interrupt: Callable[[], None] = lambda: None,
        *,
        may_be_late_s: float | None = None,
    ) -> None:
        """Add a worker: `run` gets a predicate that turns true when it has to end; `interrupt` wakes it then.

        With `may_be_late_s` it is waited for that long only, and it is no failure when it has not ended then.
        """
        late = may_be_late_s is not None
        self._workers.append(
            _Worker(name, run, interrupt, self._grace_s if may_be_late_s is None else may_be_late_s, late)
        )

    def ended(self, name: str) -> bool:
        """Tell whether a worker has ended, or never began."""
        return all(not worker.alive for worker in self._workers if worker.name == name)

    def stop(self) -> None:
        """End all, in order; returns at once."""
        self._over.set()

    def run(self) -> None:
        """Start the workers, wait for the end, stop them in order; raises the first failure, or `TimedOut`."""
        main = threading.current_thread() is threading.main_thread()
        with StopSignals() if main else nullcontext() as signals:
            for worker in self._workers:
                worker.thread = threading.Thread(target=self._guarded, args=(worker,), name=worker.name, daemon=True)
                worker.thread.start()
            while not self._over.wait(LOOK_S):
                if signals is not None and signals.requested:
                    log.info("told to stop: stopping in order", extra=event("stopping"))
                    self._over.set()
            late = [worker for worker in self._workers if not self._stopped(worker)]
        if self._failure is not None:
            raise self._failure
        failed = [worker.name for worker in late if not worker.may_be_late]
        if failed:
            raise TimedOut(
                f"Did not end within {self._grace_s:g} s: {', '.join(failed)}.", "Nothing more is committed."
            )

    def _guarded(self, worker: _Worker) -> None:
        try:
            worker.run(worker.stop.is_set)
        except BaseException as error:  # a thread's failure must end the process, whatever it is
            if self._failure is None:
                self._failure = error
            log.debug("%s failed", worker.name, exc_info=True)
        finally:
            self._over.set()

    def _stopped(self, worker: _Worker) -> bool:
        worker.stop.set()
        worker.interrupt()
        if worker.thread is not None:
            worker.thread.join(worker.grace_s)
            return not worker.thread.is_alive()
        return True
