"""What there should be in Grafana, from the settings and the shipped dashboards; it talks to nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from streamscore_cli.config.addresses import checked_url, service_url
from streamscore_cli.config.settings import InfluxSettings, Settings
from streamscore_cli.core.errors import MissingDependency
from streamscore_cli.provision.json_document import Document, text

INFLUXDB_UID = "streamscore-influxdb"
PROMETHEUS_UID = "streamscore-prometheus"
FOLDER_UID = "streamscore"

PACKAGE = "streamscore_cli"
IN_WHEEL = "dashboards"
IN_CHECKOUT = "deploy/grafana/dashboards"


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data source: what Grafana shows of it, and what it keeps for itself (`secrets`, by their names)."""

    uid: str
    shown: Document
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Return its name, which is its uid."""
        return self.uid


def wanted_sources(settings: Settings) -> tuple[DataSource, ...]:
    """Return the data sources: InfluxDB where there is one, Prometheus where its address is set.

    Raises `SettingsError` for what is no address.
    """
    sources = []
    if settings.influxdb.host or settings.grafana.influxdb_url:
        sources.append(_influxdb(settings))
    if settings.grafana.prometheus_url:
        options = {"httpMethod": "POST", "timeInterval": "15s"}
        url = checked_url("grafana.prometheus_url", settings.grafana.prometheus_url)
        shown = _shown(PROMETHEUS_UID, "prometheus", url) | {"jsonData": options}
        sources.append(DataSource(PROMETHEUS_UID, shown))
    return tuple(sources)


def _influxdb(settings: Settings) -> DataSource:
    influxdb = settings.influxdb
    given = checked_url("grafana.influxdb_url", settings.grafana.influxdb_url)
    url = given or service_url(influxdb.host, influxdb.port)
    options: dict[str, object] = {"version": "InfluxQL", "dbName": influxdb.database, "httpMode": "POST"}
    user, secrets = _influxdb_login(influxdb, options)
    shown = _shown(INFLUXDB_UID, "influxdb", url)
    return DataSource(
        INFLUXDB_UID, {**shown, "database": influxdb.database, "user": user, "jsonData": options}, secrets
    )


def _influxdb_login(influxdb: InfluxSettings, options: dict[str, object]) -> tuple[str, dict[str, str]]:
    """Return the user and the secrets: a token goes as a header, which is how InfluxQL is asked of 2.x."""
    if influxdb.token:
        options["httpHeaderName1"] = "Authorization"
        return "", {"httpHeaderValue1": f"Token {influxdb.token}"}
    return influxdb.user, {"password": influxdb.password} if influxdb.user else {}


def _shown(uid: str, kind: str, url: str) -> dict[str, object]:
    return {"uid": uid, "name": uid, "type": kind, "access": "proxy", "url": url.rstrip("/")}


def dashboards_dir() -> Path:
    """Return the directory with the shipped dashboards: the wheel's, else the checkout's `deploy/grafana/dashboards`.

    Raises `MissingDependency` where neither is there.
    """
    package = Path(str(files(PACKAGE)))
    for candidate in (package / IN_WHEEL, package.parent / IN_CHECKOUT):
        if candidate.is_dir():
            return candidate
    raise MissingDependency("The dashboards are not there.", "Install streamscore again.")


def shipped_dashboards() -> tuple[Document, ...]:
    """Return the shipped dashboards, in the order of their uids; raises `MissingDependency`."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in dashboards_dir().glob("*.json")]
    return tuple(sorted(found, key=lambda dashboard: text(dashboard, "uid")))
