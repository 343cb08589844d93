"""What there should be in Grafana, from settings that were made without being loaded."""

from __future__ import annotations

from typing import Any

import pytest

from streamscore_cli.config.settings import GrafanaSettings, Settings
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.provision.grafana_wanted import wanted_sources


@pytest.mark.parametrize("name", ["influxdb_url", "prometheus_url"])
def test_an_address_with_a_password_is_refused_and_not_told(name: str) -> None:
    given: Any = {name: "http://admin:hunter2@inside:8086"}
    settings = Settings(grafana=GrafanaSettings(**given))
    with pytest.raises(SettingsError, match=f"grafana.{name}") as caught:
        wanted_sources(settings)
    assert "hunter2" not in str(caught.value)
