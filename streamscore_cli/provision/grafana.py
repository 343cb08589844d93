"""Grafana made to show what the servers do: data sources, a folder, dashboards; found, planned, applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from streamscore_cli.config.addresses import service_url
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.provision.grafana_api import GrafanaApi
from streamscore_cli.provision.grafana_things import DashboardThing, FolderThing, SourceThing, Thing
from streamscore_cli.provision.grafana_wanted import DataSource, shipped_dashboards, wanted_sources
from streamscore_cli.provision.json_document import Document
from streamscore_cli.provision.plan import Action, Plan

CONFLICTS = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
TIMEOUT_S = 5.0
"""How long Grafana may take to connect, and from one byte of an answer to the next."""

ATTEMPTS = 3
"""How often a thing that others change at the same time is looked at and written."""


@dataclass(frozen=True, slots=True)
class GrafanaProvisioner:
    """The `Provisioner` of Grafana; with `renew_secrets` it gives Grafana InfluxDB's password or token anew.

    Grafana never shows a secret: one that has changed cannot be told from one that has not.
    """

    settings: Settings
    renew_secrets: bool = False
    timeout_s: float = TIMEOUT_S
    url: str = field(init=False)
    sources: tuple[DataSource, ...] = field(init=False)
    dashboards: tuple[Document, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Take address and dashboards; connects to nothing yet. Raises `SettingsError` and `MissingDependency`."""
        grafana = self.settings.grafana
        object.__setattr__(self, "url", service_url(grafana.host, grafana.port))
        object.__setattr__(self, "sources", wanted_sources(self.settings))
        object.__setattr__(self, "dashboards", shipped_dashboards())

    @property
    def target(self) -> str:
        """Return what this is, for people."""
        return f"Grafana at {self.url}"

    def plan(self) -> Plan:
        """Return what is to be done; raises `ServiceUnreachable` and `ServiceRefused`."""
        with self._api() as api:
            version = api.version()
            return Plan(tuple(thing.look().step for thing in self._things(api, version)))

    def apply(self, plan: Plan) -> None:
        """Do what a plan says, each thing looked at again before it is written; raises as `plan`."""
        names = {step.thing for step in plan.changes}
        if not names:
            return
        with self._api() as api:
            for thing in self._things(api, ""):
                if thing.name in names:
                    _settle(thing)

    @contextmanager
    def _api(self) -> Iterator[GrafanaApi]:
        influxdb = self.settings.influxdb
        with GrafanaApi(self.settings.grafana, self.timeout_s, (influxdb.token, influxdb.password)) as api:
            yield api

    def _things(self, api: GrafanaApi, version: str) -> list[Thing]:
        target = f"Grafana {version} at {self.url}" if version else self.target
        folder = FolderThing(api, target, self.settings.grafana.folder)
        return [
            *(SourceThing(api, target, source, self.renew_secrets) for source in self.sources),
            folder,
            *(DashboardThing(api, target, folder, dashboard) for dashboard in self.dashboards),
        ]


def _settle(thing: Thing) -> None:
    """Write a thing; where somebody was quicker, look again and see what is left to do."""
    for attempt in range(1, ATTEMPTS + 1):
        look = thing.look()
        if look.step.action not in {Action.CREATE, Action.UPDATE}:
            return
        try:
            look.act()
        except ServiceRefused as error:
            if error.status not in CONFLICTS or attempt == ATTEMPTS:
                raise ServiceRefused(f"{thing.name}: {error.message}", error.hint, status=error.status) from None
        else:
            return
