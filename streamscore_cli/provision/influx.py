"""InfluxDB made to hold what the sink writes: found, planned, applied, whatever its version; it writes no points."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field

from streamscore_cli.config.settings import InfluxSettings
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import Dialect, Server, identify
from streamscore_cli.influx.v2 import V2Api
from streamscore_cli.provision import influx_v1, influx_v2
from streamscore_cli.provision.influx_wanted import Wanted
from streamscore_cli.provision.plan import Action, Plan, Step

FOR_3 = "version 3 is known by its documentation only: make the database by hand (influxdb3 create database)"


@dataclass(frozen=True, slots=True)
class InfluxProvisioner:
    """The `Provisioner` of InfluxDB: a database with its retention policy (1.x), or a bucket with its mapping (2.x)."""

    settings: InfluxSettings
    exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        """Take the address; connects to nothing yet."""
        object.__setattr__(self, "exchange", Exchange(self.settings))

    @property
    def target(self) -> str:
        """Return what this is, for people."""
        return f"InfluxDB at {self.exchange.url}"

    def plan(self) -> Plan:
        """Return what is to be done; raises `ServiceUnreachable` and `ServiceRefused`."""
        server = identify(self.exchange)
        match server.dialect:
            case Dialect.LINES | Dialect.V1:
                return influx_v1.plan(self.exchange, self._wanted(server))
            case Dialect.V2:
                with closing(V2Api(self.exchange, server.dialect)) as api:
                    return influx_v2.plan(api, self._wanted(server))
            case Dialect.V3:
                database = f"database {self.settings.database}"
                return Plan((Step(self._named(server), database, Action.LEAVE, FOR_3, "there"),))

    def apply(self, plan: Plan) -> None:
        """Do what a plan says, which must be of this server; raises as `plan`."""
        if not plan.changes:
            return
        server = identify(self.exchange)
        if server.dialect is Dialect.V2:
            with closing(V2Api(self.exchange, server.dialect)) as api:
                influx_v2.apply(api, plan, self._wanted(server))
        else:
            influx_v1.apply(self.exchange, plan, self._wanted(server))

    def _wanted(self, server: Server) -> Wanted:
        settings = self.settings
        retention_s = max(math.ceil(settings.retention_s), 0)
        return Wanted(self._named(server), settings.database, settings.retention_policy, retention_s)

    def _named(self, server: Server) -> str:
        return f"InfluxDB {server.version or '(no version)'} at {self.exchange.url}"
