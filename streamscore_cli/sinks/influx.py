"""The InfluxDB sink put together: what the scoring thread is told becomes points, and points are written."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from streamscore_cli.config.settings import InfluxSettings
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.log_events import event
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import identify
from streamscore_cli.influx.writes import LineWriter, open_writer
from streamscore_cli.sinks.influx_writer import InfluxWriter, Target
from streamscore_cli.sinks.intake import Intake
from streamscore_cli.sinks.outbox import Outbox
from streamscore_cli.sinks.point_maker import NO_ROOM, PointMaker, Rule
from streamscore_cli.state.snapshots import SinkSnapshot

log = logging.getLogger("streamscore.influxdb")

NAME = "influxdb"
LOOK_S = 0.25
"""How often answers are looked for; many wake it earlier."""


class InfluxSink:
    """Two threads' work (`make_points`, `write_points`), and an `Observer` for the scoring thread (`intake`)."""

    def __init__(self, settings: InfluxSettings, instance: str, clock: Clock, prepare: Callable[[], None]) -> None:
        """Take where InfluxDB is, this instance's name, the time, and what makes database and retention policy there.

        `prepare` may raise `StreamscoreError`, and is called by the writing thread before its first write, and again
        when the database has gone.
        """
        self._clock = clock
        self._exchange = Exchange(settings)
        self._target = f"InfluxDB at {self._exchange.url}"
        retention_ms = max(math.ceil(settings.retention_s * 1000), 0)
        self._outbox = Outbox(settings.queue_points)
        rule = Rule(settings.points, settings.raw_points_per_s, retention_ms, instance)
        self._maker = PointMaker(rule, self._outbox)
        self._writer = InfluxWriter(Target(self._target, prepare, self._open, settings.timeout_s), self._outbox, clock)
        self.intake = Intake(settings.queue_points, clock)

    def make_points(self, stopping: Callable[[], bool]) -> None:
        """Make points of what is observed, until told to stop; then of all the rest."""
        while not stopping():
            self.intake.wait(LOOK_S)
            self._make()
        self._make(last=True)

    def write_points(self, stopping: Callable[[], bool]) -> None:
        """Write points until told to stop; then what can be written in a moment."""
        self._writer.run(stopping)

    def wake_maker(self) -> None:
        """End the wait of `make_points`, when it is told to stop."""
        self.intake.wake()

    def wake_writer(self) -> None:
        """End the wait of `write_points`, when it is told to stop."""
        self._writer.wake()

    def snapshot(self) -> SinkSnapshot:
        """Return what became of the scores; each part counts its own, so that they fit within a batch."""
        dropped = {NO_ROOM: self.intake.dropped}
        for part in (dict(self._maker.dropped), dict(self._writer.dropped)):
            for cause, scores in part.items():
                dropped[cause] = dropped.get(cause, 0) + scores
        offered, written = self.intake.offered, self._writer.written
        return SinkSnapshot(
            name=NAME,
            target=self._exchange.url,
            points=offered,
            written=written,
            waiting=max(offered - written - sum(dropped.values()), 0),
            dropped={cause: scores for cause, scores in dropped.items() if scores},
            problem=self._writer.problem,
        )

    def _make(self, *, last: bool = False) -> None:
        """Make points; a fault of this program costs the second that is open, and never the instance."""
        try:
            for observed in self.intake.take():
                self._maker.add(observed)
            self._maker.look(self._clock.epoch_ms())
            if last:
                self._maker.close()
        except Exception:
            extra = event("sink-fault", target=self._target)
            log.exception("a fault in this program: the points of a second are lost", extra=extra)
            self._maker.abandon()

    def _open(self) -> LineWriter:
        return open_writer(self._exchange, identify(self._exchange))
