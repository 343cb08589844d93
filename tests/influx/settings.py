"""Settings for an InfluxDB that a test runs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from streamscore_cli.config.settings import InfluxSettings

TOKEN = secrets.token_hex(16)
PASSWORD = secrets.token_hex(16)


def influx_settings(port: int, **others: Any) -> InfluxSettings:
    """Return settings for a server on this machine."""
    return replace(InfluxSettings(), host="127.0.0.1", port=port, **{"timeout_s": 5.0, **others})
