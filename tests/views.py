"""An instance's view that holds what a test puts into it, and one that is busy with wine."""

from __future__ import annotations

from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.history import History
from streamscore_cli.state.recorder import Recorder
from streamscore_cli.state.snapshots import (
    BatchObservation,
    InstanceIdentity,
    ModelInService,
    ModelsSnapshot,
    Readiness,
    Sample,
    ScoringSnapshot,
    SinkSnapshot,
    SlotUse,
)
from tests.fakes import FakeClock

LINEAR = ModelIdentity("winequality linear regression", 12, "1f" * 32, "v1")
FOREST = ModelIdentity("winequality random forest", 17, "2e" * 32)


class FakeView:
    """The port `InstanceView` over values that a test sets."""

    def __init__(self) -> None:
        self.now_scoring = ScoringSnapshot(0, 0)
        self.now_models = ModelsSnapshot()
        self.now_readiness = Readiness(ready=True)
        self.now_history: tuple[Sample, ...] = ()
        self.now_earlier: ScoringSnapshot | None = None
        self.now_sinks: tuple[SinkSnapshot, ...] = ()
        self._identity = InstanceIdentity("wine-1", "10.0.0.7", 5500)

    @property
    def identity(self) -> InstanceIdentity:
        return self._identity

    def scoring(self) -> ScoringSnapshot:
        return self.now_scoring

    def models(self) -> ModelsSnapshot:
        return self.now_models

    def history(self) -> tuple[Sample, ...]:
        return self.now_history

    def earlier(self) -> ScoringSnapshot | None:
        return self.now_earlier

    def sinks(self) -> tuple[SinkSnapshot, ...]:
        return self.now_sinks

    def readiness(self) -> Readiness:
        return self.now_readiness


def in_service(model: ModelIdentity, data_type: str = "wine", since_ms: int = 1_700_000_000_000) -> ModelInService:
    return ModelInService(data_type, model, "trained on red wines", "pmml", "pmml", 123_456, since_ms, 78.25)


def busy_view() -> FakeView:
    """Return a view of 10 s at 500 records/s, a swap in the middle, a rejection and a few dead letters."""
    clock = FakeClock(now_s=1_700_000_000.0)
    recorder, board, view, history = Recorder(clock), ModelsBoard(), FakeView(), History()
    board.swapped(in_service(LINEAR, since_ms=clock.epoch_ms()))
    for step in range(100):
        clock.advance(0.1)
        if step == 50:
            board.swapped(in_service(FOREST, since_ms=clock.epoch_ms()), LINEAR)
        model, cost_ns = (LINEAR, 30_000) if step < 50 else (FOREST, 61_725)
        dead = {(Stage.DECODE, Cause.UNDECODABLE): 1} if step % 10 == 0 else {}
        now_ms = clock.epoch_ms()
        times = [now_ms - latency for latency in range(1, 51)]
        slots = (SlotUse("wine", model, 50, cost_ns, "5" if step % 2 else 5.5, times),)
        dropped = {Cause.NO_MODEL: 1} if not step else {}
        recorder.record(BatchObservation(50 + len(dead), now_ms, slots, dead, dropped))
        if step % 10 == 9:
            recorder.publish(force=True)
            history.add(recorder.snapshot())
    bad = ModelIdentity("winequality of a rather long name that is bad", 19, "3d" * 32)
    board.rejected("wine", bad, "the document has a DOCTYPE, line 2", clock.epoch_ms())
    board.caught_up()
    recorder.partitions([("models_data", 0), ("models_data", 1)])
    recorder.lag({("models_data", 0): 3, ("models_data", 1): 4})
    recorder.waiting({("models_data", 1): "beer"})
    recorder.publish(force=True)
    view.now_history, view.now_earlier = history.samples(), history.earlier()
    view.now_scoring, view.now_models = recorder.snapshot(), board.snapshot()
    return view
