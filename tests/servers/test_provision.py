"""`provision all` with a real InfluxDB and the stand-in for Grafana: planned, made, and the second time nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import CommandLine
from tests.provision.grafana import TOKEN, Grafana

if TYPE_CHECKING:
    from tests.servers.influx import Influx


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with Grafana() as server:
        yield server


def test_both_are_made_once(influx18_auth: Influx, grafana: Grafana, tmp_path: Path) -> None:
    environ = {
        "INFLUXDB_HOST": "127.0.0.1",
        "INFLUXDB_PORT": str(influx18_auth.port),
        "INFLUXDB_USER": influx18_auth.user,
        "INFLUXDB_PASSWORD": influx18_auth.password,
        "GRAFANA_HOST": "http://127.0.0.1",
        "GRAFANA_PORT": str(grafana.port),
        "STREAMSCORE_GRAFANA_TOKEN": TOKEN,
    }
    streamscore = CommandLine(tmp_path, environ)
    planned = streamscore("provision", "all", "--dry-run")
    assert planned.out.count(" create ") == 6
    assert {"name": "serving"} not in influx18_auth.rows("SHOW DATABASES")
    done = streamscore("provision", "all")
    assert (done.code, done.out) == (0, planned.out)
    assert done.out.startswith(f"InfluxDB 1.8.10 at http://127.0.0.1:{influx18_auth.port}\n")
    (default,) = [row for row in influx18_auth.rows("SHOW RETENTION POLICIES ON serving") if row["default"]]
    assert (default["name"], default["duration"]) == ("default", "24h0m0s")
    assert grafana.secrets["streamscore-influxdb"] == {"password": influx18_auth.password}
    again = streamscore("provision", "all")
    assert again.out.count(" none ") == 6
    assert "Nothing to change." in again.err
    assert influx18_auth.password not in planned.out + done.out + done.err + again.out
    single = streamscore("provision", "influxdb", "--json").json
    assert [step["action"] for step in single] == ["none", "none"]
