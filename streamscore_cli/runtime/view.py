"""What the readers of an instance (HTTP) may know of it, gathered from where it is written; it writes none of it."""

from __future__ import annotations

from collections.abc import Callable

from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.history import History
from streamscore_cli.state.recorder import Recorder
from streamscore_cli.state.snapshots import (
    InstanceIdentity,
    ModelsSnapshot,
    Readiness,
    Sample,
    ScoringSnapshot,
    SinkSnapshot,
)


class View:
    """The `InstanceView` of this process; every call returns an immutable value at once, to any thread."""

    def __init__(self, recorder: Recorder, board: ModelsBoard, health: ClientHealth) -> None:
        """Take the three that know; the identity is set once the port is known, before anybody asks."""
        self.identity = InstanceIdentity("", "", 0)
        self._recorder = recorder
        self._board = board
        self._health = health
        self._history = History()
        self._sinks: list[Callable[[], SinkSnapshot]] = []

    def scoring(self) -> ScoringSnapshot:
        """Return the scoring thread's last snapshot."""
        return self._recorder.snapshot()

    def models(self) -> ModelsSnapshot:
        """Return the models thread's last snapshot."""
        return self._board.snapshot()

    def history(self) -> tuple[Sample, ...]:
        """Return one sample a second of the last minutes."""
        return self._history.samples()

    def earlier(self) -> ScoringSnapshot | None:
        """Return the counts of about ten seconds ago."""
        return self._history.earlier()

    def sinks(self) -> tuple[SinkSnapshot, ...]:
        """Return what became of the points of each sink."""
        return tuple(sink() for sink in self._sinks)

    def add_sink(self, snapshot: Callable[[], SinkSnapshot]) -> None:
        """Show a sink from now on; before anybody asks."""
        self._sinks.append(snapshot)

    def remember(self) -> None:
        """Add a sample to the history; called once a second by the reporting thread."""
        self._history.add(self._recorder.snapshot())

    def readiness(self) -> Readiness:
        """Return whether records can be scored: models known, group joined, a broker there."""
        missing = []
        if not self._board.snapshot().caught_up:
            missing.append("the models topic has not been read to its end")
        if not self._recorder.snapshot().joined:
            missing.append("the consumer group has not been joined")
        if not self._health.broker_reachable():
            missing.append("no Kafka broker answers")
        return Readiness(not missing, tuple(missing))
