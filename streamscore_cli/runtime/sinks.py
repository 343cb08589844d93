"""The sinks of an instance, made from settings and given their threads; what a sink does is in sinks/."""

from __future__ import annotations

import logging

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import Clock
from streamscore_cli.pipeline.ports import Observer
from streamscore_cli.provision.influx import InfluxProvisioner
from streamscore_cli.provision.plan import Step
from streamscore_cli.runtime.provisioning import make_as_wanted
from streamscore_cli.runtime.supervisor import Supervisor
from streamscore_cli.runtime.view import View
from streamscore_cli.sinks.influx import InfluxSink

log = logging.getLogger("streamscore.influxdb")

MAKING_GRACE_S = 0.5
WRITING_GRACE_S = 4.0
"""What the end waits for the sink's two threads, one after the other; less than five seconds in all."""


def add_sinks(
    settings: Settings, supervisor: Supervisor, view: View, clock: Clock, *, provision: bool = True
) -> tuple[Observer, ...]:
    """Give each sink that the settings ask for its threads and its place in the view; return who is to be told.

    With `provision` the database is made when it is absent. Raises `SettingsError` for an address that is none.
    """
    if not settings.influxdb.host:
        return ()
    provisioner = InfluxProvisioner(settings.influxdb)
    left: set[Step] = set()

    def prepare() -> None:
        make_as_wanted(provisioner, log, left)

    sink = InfluxSink(settings.influxdb, view.identity.name, clock, prepare if provision else lambda: None)
    view.add_sink(sink.snapshot)
    supervisor.add("points", sink.make_points, sink.wake_maker, may_be_late_s=MAKING_GRACE_S)
    supervisor.add("influxdb", sink.write_points, sink.wake_writer, may_be_late_s=WRITING_GRACE_S)
    return (sink.intake,)
