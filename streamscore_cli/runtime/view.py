"""What the readers of an instance (HTTP) may know of it, gathered from where it is written; it writes none of it."""

from __future__ import annotations

from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.recorder import Recorder
from streamscore_cli.state.snapshots import InstanceIdentity, ModelsSnapshot, Readiness, ScoringSnapshot


class View:
    """The `InstanceView` of this process; every call returns an immutable value at once, to any thread."""

    def __init__(self, recorder: Recorder, board: ModelsBoard, health: ClientHealth) -> None:
        """Take the three that know; the identity is set once the port is known, before anybody asks."""
        self.identity = InstanceIdentity("", "", 0)
        self._recorder = recorder
        self._board = board
        self._health = health

    def scoring(self) -> ScoringSnapshot:
        """Return the scoring thread's last snapshot."""
        return self._recorder.snapshot()

    def models(self) -> ModelsSnapshot:
        """Return the models thread's last snapshot."""
        return self._board.snapshot()

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
